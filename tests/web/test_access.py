"""A keyboard alone and a screen reader's tree reach everything."""

from test_page import take, until, wait

from anime_gan_tf.labels import DEFAULT


def tab_order(opened, most=200):
    """Ids of what Tab reaches, from the beginning of the page on until it comes round."""
    opened.evaluate("""() => {
        if (!window.reached) {
            document.addEventListener("focusin", ({target}) => {
                round ||= reached.has(target);
                reached.add(target);
            });
        }
        Object.assign(window, {reached: new Set(), round: false});
        find("theme").focus(); }""")
    while not opened.evaluate("round") and most > 0:
        for _ in range(10):
            opened.keyboard.press("Tab")
        most -= 10
    return opened.evaluate("[...reached].map(({id}) => id)")


def go(opened, name):
    """Tabs to the element of that id, forwards or, where it is further up, backwards."""
    back = opened.evaluate("""(name) => document.activeElement !== document.body && Boolean(
        find(name).compareDocumentPosition(document.activeElement)
          & Node.DOCUMENT_POSITION_FOLLOWING)""", name)
    for _ in range(200):
        if opened.evaluate("document.activeElement.id") == name:
            return
        opened.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(name)


def test_the_keys_of_the_page(open_page, page):
    opened = open_page(page)
    opened.keyboard.press("ArrowRight")
    until(opened, "current === shown[1]")
    opened.keyboard.press("f")
    assert opened.get_attribute("#favorite", "aria-pressed") == "true"
    opened.keyboard.press("p")
    assert opened.evaluate("picked.length") == 1
    opened.keyboard.press("u")
    until(opened, "current === shown[0]")
    opened.keyboard.press("n")
    until(opened, "current.seed !== 0")
    opened.click("footer summary")
    opened.uncheck("#shortcuts")  # they may be in the way of speech input
    before = opened.evaluate("current.seed")
    opened.keyboard.press("u")
    opened.keyboard.press("n")
    wait(opened)
    assert opened.evaluate("current.seed") == before


def test_a_keyboard_alone_does_everything(open_page, page, tmp_path):
    opened = open_page(page)
    go(opened, "new")
    opened.keyboard.press("Enter")
    until(opened, "current.seed !== 0 && current === wanted")
    hair = opened.evaluate("tagsOf(current)[0]")
    go(opened, f"color-0-{hair}")
    opened.keyboard.press("ArrowRight")
    until(opened, f"tagsOf(current)[0] === {(hair + 1) % 12}")
    assert opened.evaluate("document.activeElement.id") == f"color-0-{(hair + 1) % 12}"
    go(opened, "keep-1")
    opened.keyboard.press("Space")
    assert opened.is_checked("#keep-1")
    opened.focus("#expert summary")
    opened.keyboard.press("Enter")
    go(opened, "length")
    for _ in range(2):
        opened.keyboard.press("ArrowLeft")
    until(opened, "Math.abs(movesOf(current).length - 0.9) < 1e-6")
    go(opened, "pick")
    opened.keyboard.press("Enter")
    go(opened, "undo")
    opened.keyboard.press("Enter")
    wait(opened)
    go(opened, "pick")
    opened.keyboard.press("Enter")
    go(opened, "tab-faces")
    opened.keyboard.press("ArrowRight")
    assert opened.evaluate("document.activeElement.id") == "tab-motion"
    go(opened, "morph")
    opened.keyboard.press("Enter")
    until(opened, "film && film.ready === film.faces.length && !isBusy()")
    go(opened, "tab-motion")
    opened.keyboard.press("End")
    assert opened.is_visible("#collection")
    before = opened.locator("#history img").count()
    opened.keyboard.press("Tab")
    for _ in range(100):
        if opened.evaluate("document.activeElement.className") == "remove":
            break
        opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert opened.locator("#history img").count() == before - 1
    # The focus stays where it was, on what is there now.
    assert opened.evaluate("document.activeElement.className") == "remove"


def test_tab_reaches_every_control_in_view(open_page, page):
    opened = open_page(page)
    for i in range(2):
        take(opened, i)
        opened.click("#pick")
    opened.evaluate("for (const element of document.querySelectorAll('details')) element.open = 1")
    for tab in ("faces", "motion", "collection"):
        opened.click(f"#tab-{tab}")
        reached = tab_order(opened)
        controls = opened.evaluate("""() => [...document.querySelectorAll(
            'button:enabled, select, input:enabled, summary')].filter((element) => element.id
                && element.checkVisibility() && element.tabIndex >= 0
                && (element.type !== 'radio' || element.checked)).map(({id}) => id)""")
        assert len(controls) > 20 and set(controls) <= set(reached), tab


def nodes(opened):
    """The accessibility tree: [{"role", "name", ...}, ...]."""
    session = opened.context.new_cdp_session(opened)
    session.send("Accessibility.enable")
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [{"role": node.get("role", {}).get("value"), "name": node.get("name", {}).get("value"),
             **{one["name"]: one["value"].get("value") for one in node.get("properties", [])}}
            for node in tree if not node["ignored"]]


def test_the_tree_of_a_screen_reader_has_names_and_states(open_page, page):
    opened = open_page(page)
    for language in ("en", "zh", "ja"):
        opened.select_option("#language", language)
        found = nodes(opened)
        kinds = {"button", "radio", "checkbox", "slider", "spinbutton", "combobox", "tab", "image"}
        assert all(node["name"] for node in found if node["role"] in kinds)
        named = lambda role: [node["name"] for node in found if node["role"] == role]
        words = lambda *keys: opened.evaluate("(keys) => keys.map((key) => text(key))", list(keys))
        assert named("tab") == words("tab_faces", "tab_motion", "tab_collection")
        assert [node["selected"] for node in found if node["role"] == "tab"] == [True, False, False]
        assert len(named("tabpanel")) == 1
        # A slider's value is no part of its name.
        assert words("length")[0] not in named("slider")  # folded away
        opened.click("#expert summary")
        sliders = [node["name"] for node in nodes(opened) if node["role"] == "slider"]
        opened.click("#expert summary")
        assert set(words("length", "perturbation", "strength")) <= set(sliders)
        radios = named("radio")
        assert len(radios) == 12 + 11
        assert set(words("label_hair", "label_eyes")) <= set(named("group"))
        chosen = [node for node in found if node["role"] == "radio" and node["checked"] == "true"]
        assert len(chosen) == 2
        live = [node for node in found if node.get("live")]
        assert {"polite", "assertive"} >= {node["live"] for node in live} and len(live) >= 2


def test_every_control_has_a_name_and_every_text_three_languages(open_page, page):
    opened = open_page(page)
    names = r"""[...document.querySelectorAll('button, input:not([hidden]), select, canvas[role], '
        + 'img:not([alt=""])')].filter((element) => !(element.getAttribute('aria-label')
          || element.alt || element.querySelector('img[alt]')
          || element.textContent.trim() || element.closest('label')?.textContent.trim())
        ).map((element) => element.outerHTML)"""
    assert opened.evaluate(names) == []
    tables = opened.evaluate("TEXTS")
    assert (len({frozenset(table) for table in tables.values()}) == 1
            and set(tables) == {"en", "zh", "ja"})
    places = {key: {tuple(sorted(re_names(table[key]))) for table in tables.values()}
              for key in tables["en"]}
    assert {key for key, found in places.items() if len(found) > 1} == set()
    used = opened.evaluate("[...document.querySelectorAll('[data-text], [data-label]')].flatMap("
                           "({dataset}) => [dataset.text, dataset.label].filter(Boolean))")
    assert set(used) <= set(tables["en"])
    assert {f"label_{name}" for axis, values in DEFAULT.axes.items() for name in (axis, *values)
            } <= set(tables["en"])
    opened.select_option("#language", "ja")
    assert opened.inner_text("#new") == "新しい顔" and opened.get_attribute("html", "lang") == "ja"


def re_names(text):
    """The {names} in a text."""
    return [part.split("}")[0] for part in text.split("{")[1:]]


def test_without_motion_a_face_is_there_at_once(open_page, page):
    opened = open_page(page)
    assert opened.evaluate("matchMedia('(prefers-reduced-motion)').matches")
    opened.click("#new")
    until(opened, "current.seed !== 0 && find('face').width >= 16")
    assert opened.evaluate("find('veil').getAnimations().length") == 0


def test_on_a_phone_the_focus_is_never_behind_the_face(open_page, page, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US",
                                  reduced_motion="reduce")
    opened = open_page(page, context=context)
    opened.evaluate("find('theme').focus()")
    hidden = []
    for key in ["Tab"] * 60 + ["Shift+Tab"] * 60:
        opened.keyboard.press(key)
        hidden += opened.evaluate("""() => {
            const at = document.activeElement, {top, bottom} = at.getBoundingClientRect();
            const shown = at === document.body || find("stage").contains(at)
              || (bottom > find("stage").getBoundingClientRect().bottom && top < innerHeight);
            return shown || at.closest("header") ? [] : [at.outerHTML.slice(0, 80)]; }""")
    assert hidden == []
