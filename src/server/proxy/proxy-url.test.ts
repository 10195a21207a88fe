import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxiedPath } from './proxied-path.ts'
import { answeredHeaders, forwardedHeaders } from './proxy-headers.ts'
import { parseProxyId } from './proxy-id.ts'
import { rewriteLocation } from './rewrite-location.ts'

const ids: [id: string, want: [scheme: string, name: string, port: string] | undefined][] = [
  ['a', ['', 'a', '']],
  ['a:80', ['', 'a', '80']],
  ['a:web', ['', 'a', 'web']],
  ['http:a:80', ['http', 'a', '80']],
  ['https:a:', ['https', 'a', '']],
  [':a:80', ['', 'a', '80']],
  ['ftp:a:80', undefined],
  ['', undefined],
  [':80', undefined],
  ['https::80', undefined],
  ['https:a:80:1', undefined],
]
for (const [id, want] of ids) {
  test(`parseProxyId(): ${JSON.stringify(id)}`, () => {
    if (want === undefined) assert.throws(() => parseProxyId(id, 'pod'), { message: `invalid pod request ${JSON.stringify(id)}` })
    else assert.deepEqual(parseProxyId(id, 'pod'), { scheme: want[0], name: want[1], port: want[2] })
  })
}

const prefix = '/api/v1/namespaces/d/pods/p/proxy'
const urls: [url: string, rest: string[], path: string, query: string][] = [
  [prefix, [], '', ''],
  [`${prefix}/`, [], '/', ''],
  [`${prefix}?a=/b`, [], '', '?a=/b'],
  [`${prefix}/x/y`, ['x', 'y'], '/x/y', ''],
  [`${prefix}/x/`, ['x'], '/x/', ''],
  [`${prefix}/a%2Fb%20c?q=%20`, ['a/b c'], '/a%2Fb%20c', '?q=%20'],
  [`${prefix}/proxy/proxy`, ['proxy', 'proxy'], '/proxy/proxy', ''],
  [`${prefix}//x`, ['', 'x'], '/x', ''],
  [`${prefix}/%61dmin/%7e%2d%c3%a4`, ['admin', '~-ä'], '/admin/~-%C3%A4', ''],
  [`${prefix}/a%252e%252e%252fb/..c`, ['a%2e%2e%2fb', '..c'], '/a%252e%252e%252fb/..c', ''],
]
for (const [url, rest, path, query] of urls)
  test(`proxiedPath(): ${url}`, () => assert.deepEqual(proxiedPath(url, rest), { prefix, path, query }))

for (const path of ['a%2f..%2fb', 'a%2f%2e%2E', '..%5cb', '..;/b', '%2e;a=b/c', '..%3b/b', 'a%2f.'])
  test(`proxiedPath() refuses ${path}`, () => {
    const rest = path.split('/')
    assert.throws(() => proxiedPath(`${prefix}/${path}`, rest), /must not hold "\." or "\.\."/)
  })

const page = { backendHost: '10.0.0.1:80', clientHost: 'localhost:8001', prefix }
const locations: [location: string, want: string][] = [
  ['/x', `${prefix}/x`],
  ['/x/?q=/y#z', `${prefix}/x/?q=/y#z`],
  ['/', `${prefix}/`],
  ['/../../secrets', '/api/v1/namespaces/d/pods/secrets'],
  ['x', 'x'],
  ['', ''],
  ['http://10.0.0.1:80/x', `${prefix}/x`],
  ['http://localhost:8001/x', `http://localhost:8001${prefix}/x`],
  [`http://localhost:8001${prefix}/x`, `http://localhost:8001${prefix}/x`],
  ['http://169.254.169.254/x', 'http://169.254.169.254/x'],
  ['//evil.example/x', '//evil.example/x'],
  [`${prefix}/x`, `${prefix}/x`],
]
for (const [location, want] of locations) test(`rewriteLocation(): ${location}`, () => assert.equal(rewriteLocation(location, page), want))

test('forwardedHeaders() removes credentials and hop-by-hop headers', () => {
  const headers = forwardedHeaders({
    headers: {
      ':authority': 'api:6443',
      authorization: 'Bearer t',
      'impersonate-user': ['x'],
      'impersonate-extra-a': ['x'],
      'x-remote-user': 'x',
      'proxy-authorization': 'x',
      connection: 'keep-alive, x-hop',
      'keep-alive': 'x',
      'x-hop': 'x',
      te: 'trailers',
      'transfer-encoding': 'chunked',
      expect: '100-continue',
      'sec-websocket-protocol': 'chat, base64url.bearer.authorization.k8s.io.dG9rZW4',
      'x-forwarded-for': '192.0.2.9',
      'x-forwarded-uri': '/forged',
      cookie: 'a=b',
      accept: '*/*',
    },
    remoteAddress: '192.0.2.1',
    uri: '/u',
    upgrade: undefined,
  })
  assert.deepEqual(headers, {
    'sec-websocket-protocol': 'chat',
    cookie: 'a=b',
    accept: '*/*',
    host: 'api:6443',
    'x-forwarded-for': '192.0.2.9, 192.0.2.1',
    'x-forwarded-uri': '/u',
    connection: 'close',
  })
})

test('forwardedHeaders() sends no protocols if the only one was the token', () => {
  const token = { 'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.dG9rZW4' }
  const headers = forwardedHeaders({ headers: token, remoteAddress: 'a', uri: '/', upgrade: 'websocket' })
  assert.deepEqual(headers, { host: '', 'x-forwarded-for': 'a', 'x-forwarded-uri': '/', connection: 'Upgrade', upgrade: 'websocket' })
})

test('answeredHeaders() removes headers that speak for this server or open it to other origins', () => {
  assert.deepEqual(
    answeredHeaders({
      'content-type': 'text/html',
      'audit-id': 'forged',
      warning: '299 - "forged"',
      connection: 'x-hop',
      'x-hop': 'a',
      'transfer-encoding': 'chunked',
      'access-control-allow-origin': '*',
      'set-cookie': ['a=1', 'b=2'],
      etag: 'x',
    }),
    { 'set-cookie': ['a=1', 'b=2'], etag: 'x' },
  )
})

const sentHeaders = {
  'content-type': 'text/html',
  'set-cookie': ['a=1'],
  'clear-site-data': '"*"',
  'service-worker-allowed': '/',
  'strict-transport-security': 'max-age=1',
  'www-authenticate': 'Basic',
  'x-own': 'y',
}

test('answeredHeaders() isolates a page from the origin of this server', () => {
  assert.deepEqual(answeredHeaders(sentHeaders, true), { 'x-own': 'y', 'content-security-policy': 'sandbox' })
  const policy = "default-src 'none'"
  assert.deepEqual(answeredHeaders({ 'content-security-policy': policy }, true), { 'content-security-policy': [policy, 'sandbox'] })
  const { 'content-type': _, ...all } = sentHeaders
  assert.deepEqual(answeredHeaders(sentHeaders), all)
})

test('forwardedHeaders() sends no cookies to isolated backends', () => {
  const forwarding = {
    headers: { cookie: 'a=b', authorization: 'Bearer x', accept: '*/*' },
    remoteAddress: '192.0.2.1',
    uri: '/',
    upgrade: undefined,
  }
  const { cookie, authorization, accept } = forwardedHeaders({ ...forwarding, isolates: true })
  assert.deepEqual([cookie, authorization, accept], [undefined, undefined, '*/*'])
  assert.equal(forwardedHeaders(forwarding)['cookie'], 'a=b')
})
