// A portrait out of any picture: which square of it, drawn upright in 512 pixels at most, as a JPEG without anything but the picture.
import { toBase64url } from '#core/bytes.ts'

/** What a register shows at arm's length. */
export const EDGE = 512
const QUALITY = 0.85

/** Which part of a picture the square shows: `zoom` 1 is the largest square, `x` and `y` its middle, 0 to 1 of the picture. */
export type Crop = Readonly<{ zoom: number; x: number; y: number }>

export const LARGEST_ZOOM = 4
export const MIDDLE: Crop = { zoom: 1, x: 0.5, y: 0.5 }

type Size = Readonly<{ width: number; height: number }>

/** The square in the picture's own pixels. */
export function squareOf({ width, height }: Size, crop: Crop): Readonly<{ left: number; top: number; side: number }> {
  const { zoom, x, y } = keptInside({ width, height }, crop)
  const side = Math.min(width, height) / zoom
  return { left: x * width - side / 2, top: y * height - side / 2, side }
}

/** The square never leaves the picture. */
export function keptInside({ width, height }: Size, { zoom, x, y }: Crop): Crop {
  const kept = Math.min(LARGEST_ZOOM, Math.max(1, zoom))
  const half = Math.min(width, height) / kept / 2
  const within = (middle: number, length: number): number =>
    Math.min(length - half, Math.max(half, middle * length)) / length
  return { zoom: kept, x: within(x, width), y: within(y, height) }
}

/** The crop after the picture was dragged by so many parts of the square's edge. */
export function dragged(size: Size, crop: Crop, by: Readonly<{ right: number; down: number }>): Crop {
  const { side } = squareOf(size, crop)
  const moved = { ...crop, x: crop.x - (by.right * side) / size.width, y: crop.y - (by.down * side) / size.height }
  return keptInside(size, moved)
}

/** Reads a picture file, turned upright as the camera has noted; undefined where the browser cannot read it. */
export const readPicture = (file: Blob): Promise<ImageBitmap | undefined> =>
  createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => undefined)

export function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const { left, top, side } = squareOf(picture, crop)
  const context = canvas.getContext('2d')
  if (context === null) return
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height)
}

/** base64url of the JPEG. */
export async function pictureOf(canvas: HTMLCanvasElement): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<Blob | null>()
  canvas.toBlob(resolve, 'image/jpeg', QUALITY)
  const blob = await promise
  return blob === null ? undefined : toBase64url(new Uint8Array(await blob.arrayBuffer()))
}
