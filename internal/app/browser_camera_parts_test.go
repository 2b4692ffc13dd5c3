package app_test

import (
	"image"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
)

// parts gives Chromium's camera what tablets have and it has not: a light, a second
// camera, and a machine that shakes. What the page asks of them is kept in asked.
const parts = `
	window.asked = { torch: [], shakes: [], devices: [] }
	const can = MediaStreamTrack.prototype.getCapabilities, apply = MediaStreamTrack.prototype.applyConstraints
	MediaStreamTrack.prototype.getCapabilities = function () { return { ...can.call(this), torch: true } }
	MediaStreamTrack.prototype.applyConstraints = async function (c) {
		const light = c?.advanced?.find((a) => 'torch' in a)
		if (!light) return apply.call(this, c)
		if (window.noLight) throw new DOMException('no light', 'OverconstrainedError')
		asked.torch.push(light.torch)
	}
	const media = navigator.mediaDevices, get = media.getUserMedia.bind(media)
	media.enumerateDevices = async () => {
		if (window.secretive) throw new DOMException('no', 'NotAllowedError')
		return ['front', 'back'].map((id) => ({ kind: 'videoinput', deviceId: id, label: 'The camera at the ' + id }))
	}
	media.getUserMedia = async (c) => {
		const which = c.video.deviceId?.exact || ''
		asked.devices.push(which)
		if (which === 'back' && window.taken) throw new DOMException('taken', 'NotReadableError')
		const { deviceId, ...video } = c.video
		return get({ ...c, video })
	}
	navigator.vibrate = (pattern) => { asked.shakes.push(pattern); return true }
`

// The light, the choice of a camera and the shaking that answers a verdict are asked
// of the tablet; where it cannot, the page says so and reads on.
func TestTheLightTheChoiceAndTheShakingOfATablet(t *testing.T) {
	needsReader(t)
	n := serve(t, app.Config{})
	b := openBrowser(t, camera(film(t, image.NewGray(image.Rect(0, 0, 640, 480))))...)
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: parts}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	on := func() {
		t.Helper()
		until(t, "the camera is on", func() bool { return eval[string](b, `document.getElementById('camera').dataset.state`) == "on" })
		b.pictures(1)
	}
	lit := func(want string) {
		t.Helper()
		until(t, "the light is "+want, func() bool { return eval[string](b, `document.getElementById('camera-torch').ariaPressed`) == want })
	}
	b.do(chromedp.Click("#camera-button"), chromedp.WaitVisible("#camera-torch"), chromedp.WaitVisible("#camera-choice"))
	on()
	b.shows("The camera at the back")
	b.accessible("theatre, with a light and two cameras")

	b.do(chromedp.Click("#camera-torch"))
	lit("true")
	b.do(chromedp.Click("#camera-torch"))
	lit("false")
	eval[bool](b, `window.noLight = true`)
	b.do(chromedp.Click("#camera-torch"))
	b.shows("The light cannot be switched")
	lit("false")
	if got := eval[string](b, `JSON.stringify(asked.torch)`); got != "[true,false]" {
		t.Errorf("the light was asked for %s", got)
	}

	n.scan(wristband)
	until(t, "the tablet shakes for the verdict", func() bool { return eval[string](b, `JSON.stringify(asked.shakes)`) == "[[60]]" })

	// Another camera is taken up; one that is taken says so, and the first comes back.
	choose := func() {
		t.Helper()
		eval[int](b, `(() => { const c = document.getElementById('camera-choice'); c.value = 'back'; c.dispatchEvent(new Event('change')); return 0 })()`)
	}
	choose()
	on()
	eval[bool](b, `window.taken = true`)
	choose()
	b.shows("another program may be using it")
	b.do(chromedp.Click("#camera-button"))
	on()
	if got := eval[string](b, `JSON.stringify(asked.devices)`); got != `["","back","back",""]` {
		t.Errorf("the cameras asked for are %s", got)
	}
	b.do(chromedp.Click("#camera-stop"), chromedp.WaitNotVisible("#camera"))

	// A browser that keeps its cameras to itself, and a machine that cannot shake.
	eval[bool](b, `(navigator.vibrate = undefined, window.secretive = true)`)
	b.do(chromedp.Click("#camera-button"))
	on()
	b.do(chromedp.WaitNotVisible("#camera-choice"))
	n.scan("nothing that anybody knows")
	b.shows("not understood")
	b.pictures(1)
	b.leavesNothing(n.url)
}
