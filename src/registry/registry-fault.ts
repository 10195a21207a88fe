// Refusals in the form of the OCI distribution specification.
import { writeJson } from '../base/write-json.ts'

export type FaultCode =
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'NAME_UNKNOWN'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'BLOB_UNKNOWN'
  | 'MANIFEST_UNKNOWN'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'SIZE_INVALID'
  | 'MANIFEST_INVALID'
  | 'UNAVAILABLE'

const statuses: Readonly<Record<FaultCode, number>> = {
  UNAUTHORIZED: 401,
  DENIED: 403,
  NAME_UNKNOWN: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  MANIFEST_UNKNOWN: 404,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  SIZE_INVALID: 413,
  MANIFEST_INVALID: 400,
  UNAVAILABLE: 503,
}

export class RegistryFault extends Error {
  override readonly name = 'RegistryFault'
  readonly code: FaultCode
  readonly status: number
  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = statuses[code]
  }
}

export const faultBody = ({ code, message }: Pick<RegistryFault, 'code' | 'message'>): string => writeJson({ errors: [{ code, message }] })
