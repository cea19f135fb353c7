"""`python -m ops.deploy.templates`: write the templates into `.chalice`."""

from ops.deploy.templates.files import FOLDER, rendered

if __name__ == "__main__":
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)
