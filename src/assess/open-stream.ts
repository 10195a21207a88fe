// An answer that does not end by itself, such as a watch: proofs open one, take its right or credential away, and wait for its end.
import type { Clock } from '../base/clock.ts'
import type { Transport } from '../client/transport/transport.ts'
import type { Endpoint } from './proof.ts'
import { connectWith, type ProofRequest } from './request.ts'

export interface OpenStream extends AsyncDisposable {
  readonly status: number
  /** Whether the server ends it, by its end or by an error, within this time. */
  endsWithin(milliseconds: number): Promise<boolean>
}

/** Resolves with the head of the answer. */
export async function openStream(
  transport: Transport,
  clock: Clock,
  { method, path, headers = {} }: ProofRequest,
  signal: AbortSignal,
): Promise<OpenStream> {
  const close = new AbortController()
  const response = await transport.request({ method, path, headers, stream: true }, AbortSignal.any([signal, close.signal]))
  const over = drained(response.body)
  return {
    status: response.status,
    endsWithin: milliseconds => firstOf(over, milliseconds, clock),
    async [Symbol.asyncDispose]() {
      close.abort(new Error('the attempt is over'))
      await over
    },
  }
}

/** The same on a connection of its own. */
export async function openOwnStream(
  endpoint: Endpoint,
  credentials: Parameters<typeof connectWith>[1],
  clock: Clock,
  question: ProofRequest,
  signal: AbortSignal,
): Promise<OpenStream> {
  const transport = connectWith(endpoint, credentials)
  const stream = await openStream(transport, clock, question, signal)
  return {
    ...stream,
    async [Symbol.asyncDispose]() {
      await stream[Symbol.asyncDispose]()
      await transport[Symbol.asyncDispose]()
    },
  }
}

async function drained(body: AsyncIterable<Buffer>): Promise<true> {
  try {
    for await (const _ of body);
  } catch {
    // A stream that is cut has ended too.
  }
  return true
}

/** Whether `over` comes within this time. */
export async function firstOf(over: Promise<true>, milliseconds: number, clock: Clock): Promise<boolean> {
  const waiting = new AbortController()
  const late = clock.sleep(milliseconds, waiting.signal).then(
    () => false,
    () => false,
  )
  const ended = await Promise.race([over, late])
  waiting.abort()
  return ended
}
