// AWS Signature Version 4 for single requests with their whole body (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
import { createHash, createHmac } from 'node:crypto'

export interface AwsCredentials {
  readonly keyId: string
  readonly secret: string
}

export interface UnsignedRequest {
  readonly method: string
  readonly host: string
  /** Encoded, without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** By lower-case names; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/** As RFC 3986 and not as encodeURIComponent, which leaves some characters. */
export const awsEncode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

export const awsQuery = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${awsEncode(name)}=${awsEncode(value)}`)
    .sort()
    .join('&')

/** All headers of the request, with its signature. `now` is in ms since the epoch. */
export function signAws(request: UnsignedRequest, { keyId, secret }: AwsCredentials, region: string, now: number): Record<string, string> {
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const day = stamp.slice(0, 8)
  const digest = sha256(request.body)
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-content-sha256': digest, 'x-amz-date': stamp }
  const names = Object.keys(headers).sort()
  const canonical = [
    ...[request.method, request.path, awsQuery(request.query)],
    ...names.map(name => `${name}:${headers[name]?.trim()}`),
    ...['', names.join(';'), digest],
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request')
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`)
    .digest('hex')
  headers['authorization'] = `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return headers
}
