// A call of a CSI driver that failed, in plain words.
import { writeJson } from '../write-json.ts'

/** The codes of gRPC, by their numbers. https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const grpcCodes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

export type CsiCode = (typeof grpcCodes)[number]

export const isCsiCode = (text: unknown): text is CsiCode => grpcCodes.some(code => code === text)

const meanings: Readonly<Record<CsiCode, string>> = {
  OK: 'it gave an answer that cannot be used',
  CANCELLED: 'the call was cancelled',
  UNKNOWN: 'it failed',
  INVALID_ARGUMENT: 'it does not accept the request',
  DEADLINE_EXCEEDED: 'it did not answer in time',
  NOT_FOUND: 'it does not know the volume, snapshot or node',
  ALREADY_EXISTS: 'it has another one of this name',
  PERMISSION_DENIED: 'it does not allow this',
  RESOURCE_EXHAUSTED: 'it has no room left',
  FAILED_PRECONDITION: 'the volume is not in the state for this, such as in use',
  ABORTED: 'an earlier call for the volume is still running',
  OUT_OF_RANGE: 'it does not support the size or page',
  UNIMPLEMENTED: 'it does not have this call',
  INTERNAL: 'it failed inside',
  UNAVAILABLE: 'it cannot be reached',
  DATA_LOSS: 'it has lost data',
  UNAUTHENTICATED: 'it does not accept the credentials',
}

/**
 * Codes after which the work may still happen or have happened: it must be repeated or undone before anything else is done with the volume.
 * https://github.com/kubernetes-csi/external-provisioner/blob/v5.0.0/pkg/controller/controller.go (checkError)
 */
const uncertain: ReadonlySet<CsiCode> = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'ABORTED',
  'UNKNOWN',
])

/** Of a driver's own words, in an event or a condition. */
export const maxDetails = 512

export class CsiError extends Error {
  readonly code: CsiCode
  readonly driver: string
  readonly method: string
  /** The driver's own words, bounded, on one line, without the secrets of the request. */
  readonly details: string

  constructor(driver: string, method: string, code: CsiCode, details: string, options?: ErrorOptions) {
    super(`driver ${writeJson(driver)} failed in ${method}: ${meanings[code]} (${code}${details === '' ? '' : `: ${details}`})`, options)
    this.name = 'CsiError'
    this.driver = driver
    this.method = method
    this.code = code
    this.details = details
  }

  /** Whether the work has surely not happened. */
  get isFinal(): boolean {
    return !uncertain.has(this.code)
  }
}

/** A driver's text as one bounded line, in which no value of `secrets` and no token stands. */
export function safeDetails(text: string, secrets: readonly string[]): string {
  let shown = text.slice(0, maxDetails * 8)
  // The longest first: one may contain another.
  for (const secret of secrets.toSorted((a, b) => b.length - a.length))
    if (secret.length >= minSecret) shown = shown.replaceAll(secret, '[redacted]')
  shown = shown.replaceAll(/eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g, '[redacted]')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a driver's text may not move a terminal's cursor.
  shown = shown.replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim()
  return shown.length > maxDetails ? `${shown.slice(0, maxDetails)}…` : shown
}

/** Shorter values are no secrets, and occur in any text. */
const minSecret = 4
