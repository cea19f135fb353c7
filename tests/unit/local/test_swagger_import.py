"""Chalice's Swagger 2.0 is relabelled for moto; nothing else of a document changes."""

from local.swagger import as_openapi


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
