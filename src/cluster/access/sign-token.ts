// Signs tokens for the API server: if the signer is unreachable or overloaded, clients get an answer that they can retry.
import { apiError, tooManyRequests } from '../../api/status.ts'
import type { Signer } from '../../signer/signer.ts'
import { SignerFailure } from '../../signer/signer-failure.ts'

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
