// A bucket of an S3-compatible store over HTTPS, with object lock if the settings ask for it.
import { createHash } from 'node:crypto'
import { Agent, request as httpsRequest } from 'node:https'
import { systemClock } from '../../base/clock.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { BackupFault } from '../backup-fault.ts'
import { type AwsCredentials, awsEncode, awsQuery, signAws } from './aws-signature.ts'
import { requireName, type Target } from './target.ts'
import { contentField, objectField, optionalText, type TargetKind, textField } from './target-kind.ts'

interface S3Settings {
  readonly endpoint: URL
  readonly bucket: string
  readonly prefix: string
  readonly region: string
  /** PEM of its authority; undefined for those of the machine. */
  readonly ca: string | undefined
  readonly credentials: AwsCredentials
  /** Days for which nobody can remove a file. */
  readonly lockDays: number | undefined
}

const requestMs = 60_000
const maxTextBytes = 4 * 1024 * 1024
/** Of a list; each has 1,000 files. */
const maxPages = 2000
const mostLockDays = 3650

export const s3Kind: TargetKind = {
  field: 's3',
  prepare(value, where) {
    const fields = objectField(value, where, ['endpoint', 'bucket', 'prefix', 'region', 'ca', 'credentials', 'lockDays'])
    const endpoint = URL.parse(textField(fields, 'endpoint', where))
    if (endpoint?.protocol !== 'https:' || endpoint.username !== '' || endpoint.pathname !== '/')
      throw new UserError(`${where}.endpoint must be an https URL without a path and a user name, such as https://s3.example.com`)
    const { lockDays } = fields
    if (
      lockDays !== undefined &&
      (typeof lockDays !== 'number' || !Number.isSafeInteger(lockDays) || lockDays < 1 || lockDays > mostLockDays)
    )
      throw new UserError(`${where}.lockDays must be a whole number from 1 to ${mostLockDays}`)
    const settings: S3Settings = {
      endpoint,
      bucket: textField(fields, 'bucket', where, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'),
      prefix: optionalText(fields, 'prefix', where, /^[A-Za-z0-9][A-Za-z0-9/_.-]{0,254}\/$/, 'a prefix that ends with /') ?? '',
      region: optionalText(fields, 'region', where, /^[a-z0-9-]{1,64}$/, 'the name of a region') ?? 'us-east-1',
      ca: fields['ca'] === undefined ? undefined : contentField(fields, 'ca', where),
      credentials: credentialsIn(contentField(fields, 'credentials', where), `${where}.credentialsFile`),
      lockDays,
    }
    return async () => new S3Target(settings)
  },
}

/** As the AWS command line writes them; other lines are ignored. */
function credentialsIn(text: string, where: string): AwsCredentials {
  const settingOf = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(\\S{1,256})\\s*$`, 'm').exec(text)?.[1]
  const [keyId, secret] = [settingOf('aws_access_key_id'), settingOf('aws_secret_access_key')]
  if (keyId === undefined || secret === undefined)
    throw new UserError(`${where} must have the lines aws_access_key_id = … and aws_secret_access_key = …`)
  return { keyId, secret }
}

interface Answer {
  readonly status: number
  readonly body: Buffer
}

interface S3Request {
  readonly method: string
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  readonly maxBytes?: number
}

class S3Target implements Target {
  readonly place: string
  readonly #settings: S3Settings
  readonly #agent: Agent

  constructor(settings: S3Settings) {
    this.#settings = settings
    this.place = `the bucket "${settings.bucket}" at ${settings.endpoint.host}`
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
      minVersion: 'TLSv1.2',
    })
  }

  async put(name: string, content: Buffer, signal: AbortSignal): Promise<void> {
    requireName(name)
    const { lockDays } = this.#settings
    const headers: Record<string, string> = {
      'x-amz-checksum-sha256': createHash('sha256').update(content).digest('base64'),
      'content-length': String(content.length),
      'if-none-match': '*',
    }
    if (lockDays !== undefined) {
      // Some stores require it with a lock.
      headers['content-md5'] = createHash('md5').update(content).digest('base64')
      headers['x-amz-object-lock-mode'] = 'COMPLIANCE'
      headers['x-amz-object-lock-retain-until-date'] = new Date(systemClock.now() + lockDays * 86_400_000).toISOString()
    }
    const answer = await this.#send({ method: 'PUT', key: name, headers, body: content }, signal)
    if (answer.status !== 200 && answer.status !== 412) throw this.#refused(`write "${name}"`, answer)
    // What it says that it has stored is read: a store that lies must not be trusted with the only copy.
    const stored = await this.get(name, content.length, signal)
    if (stored?.equals(content) === true) return
    const what =
      answer.status === 412
        ? 'exists with another content: another process writes there'
        : 'was not stored as it was sent, although it said so'
    throw new BackupFault('target', `"${name}" in ${this.place} ${what}`)
  }

  async get(name: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    requireName(name)
    const answer = await this.#send({ method: 'GET', key: name, maxBytes }, signal)
    if (answer.status === 404 && !/NoSuchBucket/.test(answer.body.toString('latin1'))) return undefined
    if (answer.status !== 200) throw this.#refused(`read "${name}"`, answer)
    return answer.body
  }

  async list(folder: string, signal: AbortSignal): Promise<string[]> {
    const prefix = `${this.#settings.prefix}${folder}/`
    const found: string[] = []
    let token: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const query = { 'list-type': '2', prefix, ...(token === undefined ? {} : { 'continuation-token': token }) }
      const answer = await this.#send({ method: 'GET', query }, signal)
      if (answer.status !== 200) throw this.#refused(`list "${folder}"`, answer)
      const text = answer.body.toString('utf8')
      for (const entry of text.split('<Contents>').slice(1)) {
        const key = element(entry, 'Key')
        if (key?.startsWith(prefix)) found.push(key.slice(this.#settings.prefix.length))
      }
      token = element(text, 'IsTruncated') === 'true' ? element(text, 'NextContinuationToken') : undefined
      if (token === undefined) return found.sort()
    }
    throw new BackupFault('target', `${this.place} lists more than ${maxPages} pages of files`)
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    requireName(name)
    const answer = await this.#send({ method: 'DELETE', key: name }, signal)
    if (answer.status !== 204 && answer.status !== 200 && answer.status !== 404) throw this.#refused(`remove "${name}"`, answer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
  }

  #refused(what: string, { status, body }: Answer): BackupFault {
    const text = body.toString('utf8')
    const code = element(text, 'Code') ?? ''
    const why: Readonly<Record<string, string>> = {
      NoSuchBucket: 'the bucket does not exist',
      AccessDenied: 'these credentials may not do that, or the file is locked',
      InvalidAccessKeyId: 'its credentials are unknown there',
      SignatureDoesNotMatch: 'its secret is wrong',
      QuotaExceeded: 'it is full',
      XMinioStorageFull: 'it is full',
    }
    const known = why[code] ?? (status === 507 ? 'it is full' : `it answers ${status} ${code.slice(0, 64)}`.trim())
    return new BackupFault('target', `Cannot ${what} in ${this.place}: ${known}`)
  }

  async #send(request: S3Request, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#exchange(request, AbortSignal.any([signal, AbortSignal.timeout(requestMs)]))
    } catch (err) {
      if (signal.aborted) throw signal.reason
      if (err instanceof BackupFault) throw err
      const why =
        err instanceof Error && err.name === 'TimeoutError' ? `it did not answer within ${requestMs / 1000} seconds` : messageOf(err)
      throw new BackupFault('target', `Cannot reach ${this.place}: ${why}`, { cause: err })
    }
  }

  #exchange({ method, key, query = {}, headers = {}, body = Buffer.alloc(0), maxBytes = maxTextBytes }: S3Request, signal: AbortSignal) {
    const { endpoint, bucket, prefix, region, credentials } = this.#settings
    const path = `/${awsEncode(bucket)}${key === undefined ? '' : `/${`${prefix}${key}`.split('/').map(awsEncode).join('/')}`}`
    const signed = signAws({ method, host: endpoint.host, path, query, headers, body }, credentials, region, systemClock.now())
    const text = awsQuery(query)
    return new Promise<Answer>((resolve, reject) => {
      const sent = httpsRequest(
        {
          agent: this.#agent,
          hostname: endpoint.hostname,
          port: endpoint.port || 443,
          method,
          path: text === '' ? path : `${path}?${text}`,
          headers: signed,
          signal,
        },
        answer => {
          const pieces: Buffer[] = []
          let bytes = 0
          const limit = answer.statusCode === 200 ? maxBytes : maxTextBytes
          answer.on('data', (piece: Buffer) => {
            bytes += piece.length
            if (bytes > limit)
              answer.destroy(
                new BackupFault('damaged', `"${key ?? ''}" in ${this.place} has more than the ${limit} bytes that it may have`),
              )
            else pieces.push(piece)
          })
          answer.on('error', reject)
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces) }))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

/** The text of the first element of that name: names of files have no characters that XML escapes. */
function element(text: string, name: string): string | undefined {
  const from = text.indexOf(`<${name}>`)
  const to = text.indexOf(`</${name}>`, from)
  return from < 0 || to < 0 ? undefined : text.slice(from + name.length + 2, to).replaceAll('&amp;', '&')
}
