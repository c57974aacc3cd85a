"""The main job on a real photo: `make demo`, or `make demo PHOTO=path`.

Without a photo, scikit-image's public-domain astronaut is made half as large, noisy (σ 8) and
JPEG-compressed (quality 75), as a photo from an old phone would be, then enhanced through a real
queue, worker and adapter.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio as psnr
from skimage.metrics import structural_similarity as ssim

OUT = Path("out")


def poor(clean: Image.Image, *, seed: int = 7) -> Image.Image:
    """The photo at half its size, with noise of σ 8 and blocks of JPEG 75."""
    small = clean.resize((clean.width // 2, clean.height // 2), Image.Resampling.BOX)
    noise = np.random.default_rng(seed).normal(0, 8, (small.height, small.width, 3))
    noisy = np.clip(np.asarray(small, np.float64) + noise, 0, 255).round().astype(np.uint8)
    packed = io.BytesIO()
    Image.fromarray(noisy).save(packed, "JPEG", quality=75)
    return Image.open(packed)


def main(arguments: list[str]) -> int:
    """Enhance the photo and say where the results lie."""
    OUT.mkdir(exist_ok=True)
    clean = None
    if arguments:
        photo = Path(arguments[0])
    else:
        from skimage import data

        clean = Image.fromarray(data.astronaut())
        photo = OUT / "astronaut.jpg"
        poor(clean).save(photo, quality="keep")
        print(f"The photo: scikit-image's astronaut, small, noisy and blocky: {photo}")
    print("Through a Valkey, the queue, a worker and the terminal's adapter…", flush=True)
    command = [sys.executable, "-m", "darkroom", "enhance", str(photo), "-o", str(OUT), "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    rows = json.loads(run.stdout) if run.stdout.strip() else []
    for row in rows:
        print(row["text"])
        if row["ok"]:
            print(f"\nThe enhanced photo:  {row['file']}\nBefore and after:    {row['collage']}")
            if clean is not None:
                _compare(clean, Image.open(photo), Image.open(row["file"]))
    return run.returncode


def _compare(clean: Image.Image, before: Image.Image, after: Image.Image) -> None:
    truth = np.asarray(clean)
    print("\nAgainst the clean original, at its size:")
    for name, image in (("bicubic", before), ("Darkroom", after)):
        shown = np.asarray(image.convert("RGB").resize(clean.size, Image.Resampling.BICUBIC))
        print(
            f"  {name:9} PSNR {psnr(truth, shown):.2f} dB, "
            f"SSIM {ssim(truth, shown, channel_axis=2):.3f}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
