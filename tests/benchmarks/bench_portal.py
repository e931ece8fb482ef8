"""What a page costs somebody with a long history: `python tests/benchmarks/bench_portal.py [--json]`.

Two customers, one with 100 inferences and one with 10,000, each of them made by a guarded call. Their
pages are asked for in turn, round-robin; printed are the median of each page and the median of the
per-round ratios of the long history to the short one. Never a timed assertion: machines differ.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time

from flask.testing import FlaskClient

from emoconsent import EmoConsent
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from portal import create_app

SHORT, LONG = 100, 10_000
PAGES = ("/me", "/me/choices", "/me/guesses", "/me/guesses?show=refused", "/me/looks", "/me/delete")


def customer(sdk: EmoConsent, name: str, inferences: int) -> None:
    """Somebody who agreed and was analysed *inferences* times."""
    scope = [("customer_care", "text")]
    sdk.consent.grant(name, notice="shop-care@1", scope=scope, channel="bench", language="en")
    guarded = sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
    for number in range(inferences):
        guarded(f"It broke again, I am disappointed {number}", subject=name)
        if number and number % 1000 == 0:
            print(f"{name}: {number} of {inferences}")


def signed_in(sdk: EmoConsent, name: str) -> FlaskClient:
    """A browser of that customer's."""
    client = create_app(sdk).test_client()
    secret = sdk.accounts.begin(sdk.accounts.handoff(name), device="bench")
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = secret, True
    return client


def seconds(client: FlaskClient, page: str) -> float:
    """How long one page takes."""
    start = time.perf_counter()
    answer = client.get(page, headers={"Accept": "text/html"})
    taken = time.perf_counter() - start
    if answer.status_code != 200:
        raise RuntimeError(f"{page}: {answer.status}")
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    rows = []
    with EmoConsent.sandbox() as sdk:
        customer(sdk, "short", SHORT)
        customer(sdk, "long", LONG)
        browsers = [signed_in(sdk, name) for name in ("short", "long")]
        for page in PAGES:
            pairs = [tuple(seconds(browser, page) for browser in browsers) for _ in range(options.rounds + 1)]
            short, long = zip(*pairs[1:], strict=True)
            rows.append(
                {
                    "page": page,
                    f"median_ms_{SHORT}": round(statistics.median(short) * 1e3, 1),
                    f"median_ms_{LONG}": round(statistics.median(long) * 1e3, 1),
                    "ratio": round(statistics.median(b / a for a, b in zip(short, long, strict=True)), 2),
                }
            )
    if options.json:
        print(json.dumps({"machine": platform.platform(), "rows": rows}, indent=2))
        return
    print(f"{platform.platform()}, Python {platform.python_version()}, {options.rounds} rounds")
    for row in rows:
        print("   ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
