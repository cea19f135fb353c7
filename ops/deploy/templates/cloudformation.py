"""The few words of CloudFormation that the templates are made of."""

from typing import Any, Final

Node = dict[str, Any]
"""A part of a template, as JSON has it."""

STAGE: Final[Node] = {
    "Type": "String",
    "AllowedPattern": "[a-z][a-z0-9]{0,15}",
    "Description": "The Chalice stage; it is part of every name.",
}


def template(description: str, resources: Node, **sections: Node) -> Node:
    """Make a template of a stage; `sections` are any others, by their own names."""
    parameters = {"Stage": STAGE, **sections.pop("Parameters", {})}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Tollgate: {description}",
        "Parameters": parameters,
        **sections,
        "Resources": resources,
    }


def resource(kind: str, properties: Node, **attributes: Any) -> Node:
    return {"Type": f"AWS::{kind}", **attributes, "Properties": properties}


def ref(name: str) -> Node:
    return {"Ref": name}


def sub(text: str) -> Node:
    """Text in which CloudFormation fills in `${Stage}` and the like."""
    return {"Fn::Sub": text}


def own(suffix: str) -> Node:
    """The name of something of this stage."""
    return sub(f"tollgate-${{Stage}}-{suffix}")


def logical_id(name: str) -> str:
    """`month_to_date` is `MonthToDate`."""
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))
