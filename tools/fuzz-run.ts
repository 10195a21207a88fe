// Runs one fuzz target: first its corpus, then seeded inputs, half of them from the target's own generator and half by mutating the corpus.
// The same seed gives the same inputs, and each input has its own seed.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { randomOf } from '../src/base/data/random.ts'
import type { FuzzTarget } from '../src/base/testing/fuzz-target.testing.ts'

export interface FuzzOptions {
  readonly iterations: number
  readonly seed: number
  /** The folder that holds a folder for each target. */
  readonly corpus: string
  /** Whether an input that fails is added to the corpus. */
  readonly saves: boolean
  /** Milliseconds of one input from which on it is a failure; only for runs by hand, since it depends on the machine. */
  readonly slowMs?: number
}

export interface FuzzFailure {
  readonly input: Buffer
  readonly error: unknown
  /** Makes the input again as the first one; undefined for an input of the corpus. */
  readonly seed: number | undefined
  /** The file that contains it, if there is one. */
  readonly path: string | undefined
}

const defaultMaxBytes = 4096

/** The first failure, or how many inputs were tried. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzFailure | number> {
  const folder = join(options.corpus, target.name)
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  const corpus = names.map(name => readFileSync(join(folder, name)))
  for (const [index, input] of corpus.entries()) {
    const error = await errorOf(target, input, options)
    if (error !== undefined) return { input, error, seed: undefined, path: join(folder, names[index] ?? '') }
  }
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    const seed = (options.seed + iteration) >>> 0
    const input = inputOf(target, corpus, seed)
    const error = await errorOf(target, input, options)
    if (error !== undefined) return { input, error, seed, path: options.saves ? save(folder, input) : undefined }
  }
  return corpus.length + options.iterations
}

async function errorOf(target: FuzzTarget, input: Buffer, { slowMs = Number.POSITIVE_INFINITY }: FuzzOptions): Promise<unknown> {
  const began = performance.now()
  try {
    await target.run(input)
  } catch (err) {
    return err ?? new Error('nothing was thrown')
  }
  const took = performance.now() - began
  return took > slowMs ? new Error(`it took ${took.toFixed(0)} ms`) : undefined
}

function save(folder: string, input: Buffer): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `found-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`)
  writeFileSync(path, input)
  return path
}

/** The input of a seed. */
export function inputOf(target: FuzzTarget, corpus: readonly Buffer[], seed: number): Buffer {
  const random = randomOf(seed)
  const maxBytes = target.maxBytes ?? defaultMaxBytes
  const made = () => Buffer.from(fc.sample(target.inputs, { seed: seed | 0, numRuns: 1 })[0] ?? '')
  const [first] = corpus
  if (first === undefined || random() < 0.5) return made().subarray(0, maxBytes)
  let input = pick(corpus, random)
  for (let rounds = 1 + Math.floor(random() * 4); rounds > 0; rounds--)
    input = mutate(input, corpus, target.words ?? [], random).subarray(0, maxBytes)
  return input
}

const pick = <T>(items: readonly T[], random: () => number): T => {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new Error('Nothing to choose from')
  return item
}

type Mutation = (input: Buffer, at: number, length: number, random: () => number) => Buffer

const oddBytes = [0, 1, 9, 10, 13, 32, 34, 39, 40, 44, 47, 58, 91, 92, 123, 126, 127, 128, 192, 239, 255]
const replaced = (input: Buffer, at: number, length: number, by: Buffer): Buffer =>
  Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)])

const mutations: readonly Mutation[] = [
  (input, at, _length, random) => replaced(input, at, 1, Buffer.of(Math.floor(random() * 256))),
  (input, at, _length, random) => replaced(input, at, 0, Buffer.of(pick(oddBytes, random))),
  (input, at, length) => replaced(input, at, length, Buffer.alloc(0)),
  // Growth by repetition shows disproportionate work.
  (input, at, length, random) =>
    replaced(input, at, 0, Buffer.concat(Array(1 + Math.floor(random() * 64)).fill(input.subarray(at, at + length)))),
  (input, at, length) => replaced(input, at, length, Buffer.from(input.subarray(at, at + length)).reverse()),
]

function mutate(input: Buffer, corpus: readonly Buffer[], words: readonly string[], random: () => number): Buffer {
  const at = Math.floor(random() * (input.length + 1))
  const length = Math.floor(random() * Math.min(64, input.length - at + 1))
  const kind = Math.floor(random() * (mutations.length + 2))
  if (kind === mutations.length) {
    const other = pick(corpus, random)
    const from = Math.floor(random() * (other.length + 1))
    return replaced(input, at, length, other.subarray(from, from + Math.floor(random() * 256)))
  }
  if (kind > mutations.length) return words.length === 0 ? input : replaced(input, at, length, Buffer.from(pick(words, random)))
  return mutations[kind]?.(input, at, length, random) ?? input
}
