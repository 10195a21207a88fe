// Signs tokens for the API server: where the signer is not there or has too much to do, clients get an answer that they know how to retry.
import { apiError, tooManyRequests } from '../api/status.ts'
import type { Signer } from '../signer/signer.ts'
import { SignerFailure } from '../signer/signer-failure.ts'

export async function signToken(signer: Signer, claims: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string> {
  try {
    return await signer.signToken(claims, signal)
  } catch (err) {
    if (!(err instanceof SignerFailure)) throw err
    if (err.why === 'busy') throw tooManyRequests(err.message)
    throw apiError(
      503,
      'ServiceUnavailable',
      'The signer ended before the token was signed, please try again',
      { retryAfterSeconds: 1 },
      { cause: err },
    )
  }
}
