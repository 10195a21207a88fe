// One call of a webhook, with retries and delays as upstream. The caller defines request and answer.

import { type Clock, pause } from '../../base/clock.ts'
import { AnswerError } from '../../base/net/answer-error.ts'
import type { WebhookEndpoint } from '../../base/net/webhook-endpoint.ts'
import { codeOf } from '../../base/user-error.ts'

export interface WebhookCallParts {
  /**
   * POSTs over verified TLS, follows no redirect, and resolves with the size-limited body of a success. Rejects with an `AnswerError` for
   * another answer, with an Error for none.
   */
  post(endpoint: WebhookEndpoint, body: Buffer, timeoutSeconds: number, signal: AbortSignal): Promise<Buffer>
  readonly clock: Clock
  /** In [0, 1), for jitter of delays. */
  random(): number
  /** The server's signal. */
  readonly signal: AbortSignal
}

export type RoundTrip = 'success' | 'timeout' | 'error'

export interface Question<T> {
  readonly endpoint: WebhookEndpoint
  readonly timeoutMs: number
  readonly body: Buffer
  /** Throws for an invalid answer. */
  read(answer: Buffer): T
  /** Called for each attempt. */
  took(result: RoundTrip, seconds: number): void
}

const attempts = 5
const firstPauseMs = 500
const pauseFactor = 1.5
const pauseJitter = 0.2

/** With growing delays if a retry may help. Rejects with the last error. */
export async function callWebhook<T>({ endpoint, timeoutMs, body, read, took }: Question<T>, parts: WebhookCallParts): Promise<T> {
  const { clock, signal } = parts
  for (let attempt = 1; ; attempt++) {
    const began = clock.monotonic()
    const report = (result: RoundTrip) => took(result, (clock.monotonic() - began) / 1000)
    try {
      const answer = read(await parts.post(endpoint, body, timeoutMs / 1000, signal))
      report('success')
      return answer
    } catch (err) {
      report(roundTripOf(err))
      if (signal.aborted || attempt >= attempts || !isPassing(err)) throw err
      const ms = firstPauseMs * pauseFactor ** (attempt - 1)
      await pause(clock, ms * (1 + pauseJitter * parts.random()), signal)
    }
  }
}

function isPassing(err: unknown): boolean {
  if (err instanceof AnswerError) return err.status === 500 || err.status === 504 || err.status === 429
  return err instanceof Error && codeOf(err.cause) === 'ECONNRESET'
}

export const roundTripOf = (err: unknown): RoundTrip =>
  err instanceof Error && err.message.endsWith('context deadline exceeded') ? 'timeout' : 'error'
