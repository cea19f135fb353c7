"""Chalice's Swagger 2.0 is relabelled for moto; nothing else of a document changes."""

from local.swagger import INTEGRATION, as_openapi


def test_a_swagger_document_becomes_one_that_moto_imports():
    paths = {"/invoke": {"post": {"responses": {}}}}

    document = as_openapi({"swagger": "2.0", "info": {"title": "tollgate"}, "paths": paths})

    assert document == {
        "openapi": "3.0.1",
        "info": {"title": "tollgate", "description": ""},
        "paths": paths,
    }


def test_an_openapi_document_is_left_alone():
    document = {"openapi": "3.0.0", "info": {"title": "t", "description": "d"}, "paths": {}}

    assert as_openapi(document) == document


def test_a_description_is_kept():
    info = {"title": "tollgate", "description": "ours"}

    assert as_openapi({"swagger": "2.0", "info": info})["info"] == info


def test_the_answer_to_options_is_given_the_address_that_moto_asks_for():
    mock = {INTEGRATION: {"type": "mock", "requestTemplates": {}}}
    proxy = {INTEGRATION: {"type": "aws_proxy", "uri": "arn:aws:lambda", "httpMethod": "POST"}}
    document = {"swagger": "2.0", "paths": {"/invoke": {"options": mock, "post": proxy}}}

    imported = as_openapi(document)["paths"]["/invoke"]

    assert imported["options"][INTEGRATION] == {
        **mock[INTEGRATION],
        "uri": "",
        "httpMethod": "POST",
    }
    assert imported["post"] == proxy
