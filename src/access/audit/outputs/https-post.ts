// Sends one body over verified HTTPS, with limits for time and answer.
import type { AuditTlsEndpoint } from './audit-outputs-settings.ts'

const answerMs = 10_000
const maxAnswerBytes = 64 << 10

export interface PostAnswer {
  readonly status: number
  readonly body: string
}

/** Rejects if the server cannot be reached and verified, or does not answer in time. */
export async function httpsPost(
  endpoint: AuditTlsEndpoint,
  path: string,
  contentType: string,
  body: string | Buffer,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const { request } = process.getBuiltinModule('node:https')
  const { url, authorities, token } = endpoint
  const target = new URL(`${url.replace(/\/$/, '')}${path}`)
  const headers = {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const until = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
  return new Promise((resolve, reject) => {
    const sent = request(
      target,
      { method: 'POST', headers, signal: until, minVersion: 'TLSv1.2', ...(authorities === undefined ? {} : { ca: authorities }) },
      answer => {
        const chunks: Buffer[] = []
        let length = 0
        answer.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length > maxAnswerBytes) answer.destroy(new Error(`The answer of "${target.host}" has more than ${maxAnswerBytes} bytes`))
          else chunks.push(chunk)
        })
        answer.once('error', reject)
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }))
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}
