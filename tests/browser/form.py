"""What a person does on the example page, and what they see there."""

from browser.chromium import Page

STATE = "document.querySelector('#status').dataset.state"


def fill(page: Page, gateway: str, key: str, model_id: str = "us.amazon.nova-lite-v1:0") -> None:
    page.fill("#gateway", gateway)
    page.fill("#key", key)
    page.fill("#model", model_id)


def press(page: Page, name: str) -> None:
    page.click(f"button[value={name}]" if name in ("live", "queued") else f"#{name}")


def wait_for(page: Page, state: str) -> None:
    page.until(f"{STATE} === '{state}'")


def text_of_the_answer(page: Page) -> str:
    return page.text("#text")


def connections(page: Page) -> list[str]:
    lines: list[str] = page.value(
        "Array.from(document.querySelectorAll('#connections li'), (each) => each.textContent)"
    )
    return lines


def fact(page: Page, name: str) -> str:
    """Return what stands beside a name below the answer."""
    terms = "Array.from(document.querySelectorAll('#facts dt'))"
    found: str = page.value(
        f"{terms}.find((term) => term.textContent === '{name}').nextSibling.textContent"
    )
    return found
