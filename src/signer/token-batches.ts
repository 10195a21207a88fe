// Signs tokens in batches, so that a burst needs few round trips. Namespaces of the accounts take turns.
import { FairQueue } from '../base/async/fair-queue.ts'
import { writeJson } from '../base/write-json.ts'
import { maxTokenBatch, type TokenResult } from './protocol.ts'
import { SignerFailure } from './signer-failure.ts'

export type Claims = Readonly<Record<string, unknown>>

/** `batch()` returns the claims that are still needed at the moment of sending. Resolves with as many results in the same order. */
export type SignBatch = (batch: () => readonly Claims[]) => Promise<readonly TokenResult[]>

interface Wanted {
  readonly claims: Claims
  readonly signal: AbortSignal
  resolve(token: string): void
  reject(err: unknown): void
}

/** The signer works on one batch while the next ones are on the way; requests behind them can still take turns. */
const maxBatchesAtOnce = 4
/** A token has a third more bytes than its claims, so the answer also fits into a frame. */
const maxBatchBytes = 512 << 10
const limits = { items: 10_000, bytes: 32 << 20, ownItems: 1000 }

/** Signs one token; rejects with `SignerFailure` if too many requests already wait, in total or of this namespace. */
export function createTokenBatches(signBatch: SignBatch): (claims: Claims, signal: AbortSignal) => Promise<string> {
  const queue = new FairQueue<Wanted>(limits)
  let batches = 0
  let planned = false

  const send = () => {
    planned = false
    while (batches < maxBatchesAtOnce && queue.size > 0) {
      batches++
      const batch = queue.take(maxTokenBatch, maxBatchBytes)
      void signAll(batch).finally(() => {
        batches--
        send()
      })
    }
  }

  const signAll = async (batch: readonly Wanted[]) => {
    let sent = batch
    try {
      const results = await signBatch(() => {
        sent = batch.filter(({ signal }) => !signal.aborted)
        return sent.map(({ claims }) => claims)
      })
      for (const [i, result] of results.entries()) {
        if ('token' in result) sent[i]?.resolve(result.token)
        else sent[i]?.reject(result.error)
      }
    } catch (err) {
      for (const { reject } of batch) reject(err)
    }
  }

  return (claims, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const owner = namespaceOf(claims)
      const onAbort = () => {
        queue.remove(owner, wanted)
        reject(signal.reason)
      }
      const done = () => signal.removeEventListener('abort', onAbort)
      const wanted: Wanted = {
        claims,
        signal,
        resolve: token => {
          done()
          resolve(token)
        },
        reject: err => {
          done()
          reject(err)
        },
      }
      if (!queue.add(owner, wanted, Buffer.byteLength(writeJson(claims))))
        return reject(
          new SignerFailure('busy', `Cannot sign a token: too many requests already wait, in total or for namespace "${owner}"`),
        )
      signal.addEventListener('abort', onAbort, { once: true })
      if (planned) return
      planned = true
      queueMicrotask(send)
    })
}

/** The namespace of the token's account. */
function namespaceOf({ sub }: Claims): string {
  return typeof sub === 'string' ? (sub.split(':', 3)[2] ?? '') : ''
}
