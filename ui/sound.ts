// The three sounds, made in the browser: joined (two soft wood clicks), settled (one clear clap of hyōshigi),
// trouble (a low double tap). Each has its twin in vibration; what they say is always also on the screen.
import { createKeptStore } from './store.ts'

export type Sound = 'joined' | 'settled' | 'trouble'

/** Whether sounds are heard on this machine; kept. Vibration is not sound and stays. */
export const soundSwitch = createKeptStore<'on' | 'off'>('warifu.sound', (stored) => (stored === 'off' ? 'off' : 'on'))

/**
 * Plays a sound and its vibration. Silent while the switch is off, before the first touch or key of the page
 * (browsers allow no sound before it), and where there is no audio at all; never throws.
 */
export function play(sound: Sound): void {
  vibrate(sound)
  if (soundSwitch.get() === 'off') return
  const audio = awake()
  if (audio === undefined) return
  const from = audio.currentTime + 0.01
  for (const knock of knocks[sound]) strike(audio, knock, from + knock.afterMs / 1000)
}

/** Lets the first touch or key of the page wake the sound. Call once when an app starts. */
export function wakeOnFirstTouch(): void {
  window.addEventListener('pointerdown', wake)
  window.addEventListener('keydown', wake)
}

function wake(): void {
  gestureSeen = true
  awake()
  window.removeEventListener('pointerdown', wake)
  window.removeEventListener('keydown', wake)
}

/** One knock on wood: a few partials that ring and die, and a breath of noise where the pieces touch. */
type Knock = {
  readonly afterMs: number
  /** The body's own tone in Hz. */
  readonly pitch: number
  /** How long it rings, in ms, until it cannot be heard. */
  readonly ringMs: number
  readonly loudness: number
  /** Share of the touch in the sound, 0 to 1. */
  readonly touch: number
}

const knocks: Readonly<Record<Sound, readonly Knock[]>> = {
  joined: [
    { afterMs: 0, pitch: 780, ringMs: 70, loudness: 0.22, touch: 0.35 },
    { afterMs: 110, pitch: 1040, ringMs: 80, loudness: 0.24, touch: 0.35 },
  ],
  settled: [{ afterMs: 0, pitch: 1960, ringMs: 420, loudness: 0.42, touch: 0.8 }],
  trouble: [
    { afterMs: 0, pitch: 190, ringMs: 110, loudness: 0.4, touch: 0.2 },
    { afterMs: 170, pitch: 170, ringMs: 140, loudness: 0.4, touch: 0.2 },
  ],
}

// Bars of hard wood do not ring in whole-number harmonics: these ratios are those of a free bar.
const partials = [
  { ratio: 1, share: 1 },
  { ratio: 2.76, share: 0.38 },
  { ratio: 5.4, share: 0.12 },
]

const vibrations: Readonly<Record<Sound, number[]>> = { joined: [25, 85, 25], settled: [110], trouble: [60, 90, 60] }

let context: AudioContext | undefined
let gestureSeen = false

function awake(): AudioContext | undefined {
  if (!gestureSeen || typeof AudioContext === 'undefined') return undefined
  context ??= new AudioContext({ latencyHint: 'interactive' })
  // Phones put the context to sleep with the screen. A refusal means silence, which every sound allows for.
  if (context.state !== 'running') context.resume().catch(() => undefined)
  return context
}

function strike(audio: AudioContext, knock: Knock, atS: number): void {
  const ringS = knock.ringMs / 1000
  for (const partial of partials) {
    const tone = audio.createOscillator()
    tone.frequency.setValueAtTime(knock.pitch * partial.ratio * 1.02, atS)
    tone.frequency.exponentialRampToValueAtTime(knock.pitch * partial.ratio, atS + 0.02)
    // Higher partials die sooner.
    ring(audio, tone, knock.loudness * partial.share, atS, ringS / partial.ratio ** 0.6)
  }
  const noise = audio.createBufferSource()
  noise.buffer = breath(audio)
  const band = audio.createBiquadFilter()
  band.type = 'bandpass'
  band.frequency.value = knock.pitch * 2.2
  band.Q.value = 0.9
  noise.connect(band)
  ring(audio, noise, knock.loudness * knock.touch, atS, 0.03, band)
}

function ring(
  audio: AudioContext,
  source: AudioScheduledSourceNode,
  loudness: number,
  atS: number,
  ringS: number,
  through: AudioNode = source,
): void {
  const gain = audio.createGain()
  gain.gain.setValueAtTime(0.0001, atS)
  gain.gain.exponentialRampToValueAtTime(Math.max(loudness, 0.0002), atS + 0.002)
  gain.gain.exponentialRampToValueAtTime(0.0001, atS + 0.002 + ringS)
  through.connect(gain).connect(audio.destination)
  source.start(atS)
  source.stop(atS + ringS + 0.05)
}

let breathBuffer: AudioBuffer | undefined

function breath(audio: AudioContext): AudioBuffer {
  if (breathBuffer !== undefined) return breathBuffer
  breathBuffer = audio.createBuffer(1, Math.floor(audio.sampleRate * 0.05), audio.sampleRate)
  const samples = breathBuffer.getChannelData(0)
  for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1
  return breathBuffer
}

function vibrate(sound: Sound): void {
  // Browsers ignore (and warn about) vibration before the first touch.
  if (gestureSeen && typeof navigator !== 'undefined' && 'vibrate' in navigator) navigator.vibrate(vibrations[sound])
}
