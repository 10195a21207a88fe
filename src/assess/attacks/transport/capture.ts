// Captures the packets of the API server's port with tcpdump while requests and other proofs run, and looks for clear text in them.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../base/clock.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import { targetOf } from '../../dial.ts'
import { request } from '../../request.ts'
import { within } from '../../until.ts'

/** More traffic is not kept. */
const maxBytes = 64 << 20
const requests = 20
/** Of TLS 1.2 and 1.3 (RFC 8446, 5.1): without it the capture has seen nothing. */
const applicationData = Buffer.from([0x17, 3, 3])
/** The packets come a moment after the answers. */
const settleMs = 3000
/** What only clear text contains. */
const clearTexts = ['HTTP/1.1', 'PRI * HTTP/2.0', 'user-agent', 'Bearer ', '"apiVersion"', 'apiserver']

export interface CaptureOptions {
  readonly server: string
  readonly transport: Transport
  readonly attempts: AttemptLog
  readonly clock: Clock
  /** Default: tcpdump. */
  readonly command?: string
}

/** Resolves with the number of captured bytes; undefined if the program is not installed or may not capture. */
export async function captureTraffic(
  { server, transport, attempts, clock, command = 'tcpdump' }: CaptureOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { port } = targetOf(server)
  // Immediately, not when the kernel's buffer is full: the last packets would be lost when it is stopped.
  const child = spawn(command, ['--immediate-mode', '-i', 'any', '-U', '-s', '0', '-w', '-', `tcp port ${port}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  })
  const pieces: Buffer[] = []
  let length = 0
  const ended = new Promise<void>(resolve => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
  // The head of the file comes when the capture has begun.
  const began = new Promise<boolean>(resolve => {
    child.stdout.once('data', () => resolve(true))
    void ended.then(() => resolve(false))
  })
  child.stdout.on('data', (piece: Buffer) => {
    if (length < maxBytes) pieces.push(piece)
    length += piece.length
  })
  if (!(await began)) return undefined
  const canary = `canary-${randomBytes(8).toString('hex')}`
  for (let sent = 0; sent < requests; sent++)
    await request(
      transport,
      { method: 'GET', path: `/api/v1/namespaces/default/configmaps/${canary}`, headers: { 'x-canary': canary } },
      signal,
    )
  await within(settleMs, clock, () => (Buffer.concat(pieces).includes(applicationData) ? true : undefined), signal)
  child.kill('SIGTERM')
  await ended
  const all = Buffer.concat(pieces)
  const seen = [canary, ...clearTexts].filter(text => all.includes(text))
  const hasTls = all.includes(applicationData)
  attempts.record({
    ...{
      name: 'packets of the API server',
      sent: `capture of ${length} bytes on port ${port}`,
      expected: 'TLS records, and no clear text',
    },
    answered: seen.length > 0 ? `clear text: ${seen.join(', ')}` : hasTls ? 'TLS records only' : 'no TLS record',
    held: hasTls && seen.length === 0,
  })
  return length
}
