"""What a model card says of each kind of model, where the figures do not say it."""

import re
from dataclasses import dataclass

__all__ = ["Words", "words_for"]

_SPANDREL = "stored in half precision, opened by spandrel"


@dataclass(frozen=True)
class Words:
    """How a kind of model learns, what it is weak at, what its example shows; in Markdown."""

    how: str
    weaknesses: str
    example: str
    stored: str = _SPANDREL


_WORDS = {
    "upscale": Words(
        how="""\
Pixels and structure only (Charbonnier loss, and 1 - SSIM at a fifth), so it is faithful: it
adds no texture that the photo does not hold.
Three in eight of the inputs are bicubic antialiased reductions, one in eight carries mild leftovers
(blur, noise up to sigma 3, JPEG 80-95, other reductions), half look as photos come (blur, noise up
to sigma 25, JPEG 30-95).""",
        weaknesses="""\
- It will not invent detail: hair, foliage and text that are lost in the small photo stay soft.
- What it takes for noise or blocking it smooths, and fine texture sometimes with it.
- Trained on few photos; drawings and screenshots were not among them.""",
        example="Left: enlarged by bicubic; middle: this model; right: the original.",
    ),
    "vivid": Words(
        how="""\
Fine-tuned from its faithful twin, so that the weights of the two can be interpolated (Wang et al.
2018, ESRGAN): pixel loss at the full and at a quarter of the size, an adversarial loss, and feature
matching on the discriminator's layers (Wang et al. 2018, pix2pixHD). A quarter of the inputs are
bicubic reductions, the others went through two rounds of blur, resizing, noise and JPEG, and the
targets through an unsharp mask, after Real-ESRGAN (Wang et al. 2021). The adversary's weight is
small, since a heavier one drew hatching. No features of a published network are used.""",
        weaknesses="""\
- It is sharper than it is right: contrast at edges is overdrawn, noise and blocking that look like
  structure are sharpened too, and PSNR is below the faithful twin's.
- Small text, regular patterns and tiny faces may come out crisp and wrong.
- Trained on few photos; drawings and screenshots were not among them.""",
        example="Left: enlarged by bicubic; middle: this model; right: the original.",
    ),
    "drawing": Words(
        how="""\
Pixels and structure only (Charbonnier loss, and 1 - SSIM at a fifth), from pictures that code made:
half are outlined, shaded or inked shapes, a quarter photos redrawn in flat colours and ink, a
quarter pages of text and surfaces of programs. A quarter of the inputs are bicubic reductions, the
others went through two rounds of blur, resizing, noise and JPEG, after Real-ESRGAN (Wang et al.
2021). It goes on from the upscaler of photos.""",
        weaknesses="""\
- Nobody's drawings were among what it learnt from: pencil, watercolour and oil come out flatter
  than they were, and photos look painted.
- Letters of less than some 6 pixels stay unreadable; it draws strokes, it cannot read.
- Lines that touch in the small picture stay joined.""",
        example="Left: enlarged by bicubic; middle: this model; right: the original, drawn by "
        "code and not among what it learnt from.",
    ),
    "denoise": Words(
        how="""\
Pixels only (Charbonnier loss, weighted towards inputs that have little wrong with them). The
inputs: noise of sigma 0-50, half of it 0-15, white, shared between the channels, growing with the
light, or blurred, with JPEG 20-95 after it or not; three in ten carry JPEG 10-80 alone, and one in
ten is left clean.""",
        weaknesses="""\
- Fine texture (skin, cloth, distant foliage) is smoothed where the noise covers it, and in a clean
  photo a little too: harsh regular texture such as brick at a distance looks like noise to it. Run
  it only on photos in which noise or blocking was found, and blend.
- In hair and cloth under strong noise faint blotches of colour remain; noise that is itself
  blotchy, wider than a few pixels, moire and banding are hardly known to it.
- Its view is wide: with 32 pixels of padding tiles differ from the whole by up to 1/255. Sizes
  must be multiples of 8.""",
        example="Left: with noise of sigma 25; middle: this model; right: the original.",
    ),
    "face-restore": Words(
        how="""\
Pixels and structure only (Charbonnier loss and SSIM), so it is faithful: it invents no eyelash. It
starts from the upscaler. It takes a face at 64 px and gives it at 256, eyes and mouth on half of
the usual 512 px template. The inputs: faces made small, blurred, shaken, noisy to sigma 25, coded
as JPEG 40-95, a little off the template; one in ten is only small.""",
        weaknesses="""\
- Trained on synthetic faces of studio quality alone: glasses' glints, hands, make-up, beads and
  strong profiles are rarer there than in life.
- It is blind to who it is: where a face is smaller than some 40 px, the eyes are a guess towards
  the mean of many faces, and soft.
- It wants the alignment to be right within some 4 degrees, 4 % and 4 px of 256.""",
        example="Left: a small, noisy, coded face enlarged by bicubic; middle: this model; "
        "right: the original.",
    ),
    "face-find": Words(
        how="""\
A one-stage finder of boxes and five points, learnt from synthetic faces set into photos: turned,
lit, worn and partly hidden, beside things that are no faces.""",
        weaknesses="""\
- Faces set into photos are not faces of photos: strong profiles, faces lying on their side and
  faces far below 20 px are missed more often than upright ones.
- Drawn, painted and sculpted faces may be found or not.""",
        example="What it found in a public-domain photo.",
        stored="an ONNX file that OpenCV's FaceDetectorYN opens",
    ),
}


def words_for(recipe: str) -> Words:
    """The words for a recipe by its name; its scale does not matter."""
    return _WORDS[re.sub(r"-x\d+$", "", recipe)]
