// Failures that upstream answers without a reason, because no Status was made for them.
import { ApiError } from '../api/status.ts'

export function plainFailure(code: number, message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code })
}
