// Errors that upstream returns without a reason, as plain text or a bare 500.
import { ApiError } from '../../api/status.ts'
import type { Reply } from './exchange.ts'

/** The 404 of paths outside the API, as upstream. */
export const plainNotFound = (): Reply => plainText(404, '404 page not found\n')

export function plainText(status: number, text: string): Reply {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    body: Buffer.from(text),
    headers: { 'x-content-type-options': 'nosniff' },
  }
}

export function plainFailure(message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
