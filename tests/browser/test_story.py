def test_x(somebody):
    alice = somebody("admin")
    frame = alice.open()
    from playwright.sync_api import expect
    expect(frame.get_by_role("heading", level=1)).to_have_text("Set up Getint")
