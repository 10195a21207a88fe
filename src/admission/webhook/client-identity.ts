// The server's identities for calls of webhooks, from kubeconfigs that are embedded in the admission configuration.
import { isJsonObject } from '../../base/json.ts'
import type { WebhookEndpoint, WebhookIdentity } from '../../base/net/webhook-endpoint.ts'
import { fail, items, type Json, mapping, text } from '../configuration-value.ts'

/** By server name of webhooks: `hook.ns.svc`, `*.example.com`, `*`. */
export type ClientIdentities = ReadonlyMap<string, WebhookIdentity>

/** The users of the file by name. Throws a UserError. */
export function readIdentities(kubeconfig: unknown, at: string): ClientIdentities {
  const file = mapping(kubeconfig, at)
  return new Map(
    items(file['users'], `${at}.users`).map((item, index) => {
      const path = `${at}.users[${index}]`
      const entry = mapping(item, path)
      return [text(entry['name'], `${path}.name`), identityOf(mapping(entry['user'] ?? {}, `${path}.user`), `${path}.user`)]
    }),
  )
}

/** As upstream: the name with its port, the name without it for port 443, then ever shorter suffixes after `*`. */
export function identityFor(identities: ClientIdentities, host: string, port: string): WebhookIdentity | undefined {
  const exact = identities.get(`${host}:${port}`) ?? (port === '443' ? identities.get(host) : undefined)
  if (exact !== undefined) return exact
  const steps = host.split('.')
  for (let from = 1; from < steps.length; from++) {
    const rest = `*.${steps.slice(from).join('.')}`
    const found = identities.get(`${rest}:${port}`) ?? (port === '443' ? identities.get(rest) : undefined)
    if (found !== undefined) return found
  }
  return identities.get('*')
}

/** The endpoint of the current context. Throws a UserError. */
export function readEndpoint(kubeconfig: unknown, at: string): WebhookEndpoint {
  const file = mapping(kubeconfig, at)
  const context = named(file, 'contexts', 'context', text(file['current-context'], `${at}.current-context`), at)
  const cluster = named(file, 'clusters', 'cluster', text(context['cluster'], `${at}: the context's cluster`), at)
  const user = context['user'] === undefined ? {} : named(file, 'users', 'user', text(context['user'], `${at}: the context's user`), at)
  const url = text(cluster['server'], `${at}: the cluster's server`)
  const { protocol, username, password } = URL.parse(url) ?? {}
  // The URL appears in messages, also when the server fails, so it must contain no password.
  if (username || password) fail(at, 'names a server with a user in its URL: give the user a token or a certificate')
  if (protocol !== 'https:') fail(at, `must name an https URL as server, got "${url}"`)
  if (cluster['insecure-skip-tls-verify'] === true) fail(at, 'sets insecure-skip-tls-verify, and the server is always verified')
  return {
    url,
    authorities: pem(cluster, 'certificate-authority', at),
    serverName: typeof cluster['tls-server-name'] === 'string' ? cluster['tls-server-name'] : undefined,
    identity: identityOf(user, at),
  }
}

function named(file: Json, list: string, key: string, name: string, at: string): Json {
  const found = items(file[list], `${at}.${list}`)
    .map(item => mapping(item, `${at}.${list}`))
    .find(item => item['name'] === name)
  return found === undefined ? fail(at, `has no ${key} "${name}"`) : mapping(found[key], `${at}.${list}.${key}`)
}

function identityOf(user: Json, at: string): WebhookIdentity {
  for (const unknown of ['exec', 'auth-provider']) {
    if (user[unknown] !== undefined) fail(at, `has ${unknown}, which is not supported: give a certificate or a token`)
  }
  const certificate = pem(user, 'client-certificate', at)
  const key = pem(user, 'client-key', at)
  if ((certificate === undefined) !== (key === undefined)) fail(at, 'has one of client-certificate and client-key: they belong together')
  const { token, username, password } = user
  const basic = typeof username === 'string' ? Buffer.from(`${username}:${String(password ?? '')}`).toString('base64') : undefined
  const authorization = typeof token === 'string' && token !== '' ? `Bearer ${token}` : basic && `Basic ${basic}`
  return {
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    ...(authorization === undefined ? {} : { authorization }),
  }
}

function pem(from: Json, name: string, at: string): string | undefined {
  const data = from[`${name}-data`]
  if (data === undefined || data === '') return undefined
  const decoded = Buffer.from(text(data, `${at}: ${name}-data`), 'base64').toString()
  return decoded.includes('-----BEGIN ') ? decoded : fail(at, `has a ${name} that is not PEM`)
}

const fileFields = [
  ['clusters', 'cluster', 'certificate-authority'],
  ['users', 'user', 'client-certificate'],
  ['users', 'user', 'client-key'],
] as const

/** The document with embedded files, so that its recipients need not read them. Throws a UserError. */
export function withFileContents(kubeconfig: unknown, read: (path: string) => string): unknown {
  if (!isJsonObject(kubeconfig)) return kubeconfig
  const copy = structuredClone(kubeconfig) as Record<string, unknown>
  for (const entry of entriesOf(copy, 'users', 'user')) {
    if (typeof entry['tokenFile'] !== 'string') continue
    entry['token'] = read(entry['tokenFile']).trim()
    delete entry['tokenFile']
  }
  for (const [list, key, name] of fileFields) {
    for (const entry of entriesOf(copy, list, key)) {
      const path = entry[name]
      if (typeof path !== 'string' || path === '' || entry[`${name}-data`] !== undefined) continue
      entry[`${name}-data`] = Buffer.from(read(path)).toString('base64')
      delete entry[name]
    }
  }
  return copy
}

function entriesOf(file: Json, list: string, key: string): Record<string, unknown>[] {
  const all = file[list]
  if (!Array.isArray(all)) return []
  return all.flatMap((item: unknown) => (isJsonObject(item) && isJsonObject(item[key]) ? [item[key] as Record<string, unknown>] : []))
}
