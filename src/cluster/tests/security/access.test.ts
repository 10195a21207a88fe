// Attacks on paths, credentials and rights: rows of known faults of Kubernetes, each as a request to the API server as it ships.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { grant, rule } from '../granted-rights.testing.ts'
import { admin, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'

const badSegments = [
  '..',
  '.',
  '%2e%2e',
  '%2e',
  '%2E%2e',
  'a%2fb',
  '..%2fsecrets',
  '%252e%252e',
  '%252f',
  'a%00b',
  '%c0%ae%c0%ae',
  '%c0%af',
  '%ff',
  'a%5cb',
  '%e2%80%ae',
  '%20',
  '%0a',
]
test('CVE-2015-5305: no path leads outside of its own key', async t => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/configmaps`, { metadata: { name: 'victim' } })
  await grant(api, 'ann', [rule(['*'], ['configmaps'])], 'default')
  const before = api.store.status().objects
  const body = (name: string) => ({ metadata: { name: decode(name) } })
  for (const bad of badSegments) {
    await t.test(`${bad} as name, namespace, resource and subresource`, async () => {
      for (const user of [admin, person('ann')]) {
        const paths = [
          `${inDefault}/configmaps/${bad}`,
          `/api/v1/namespaces/${bad}/configmaps/victim`,
          `${inDefault}/${bad}/victim`,
          `${inDefault}/configmaps/victim/${bad}`,
        ]
        for (const path of paths) {
          for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
            const { status } = await api.request(user, method, path, method === 'PUT' || method === 'PATCH' ? body(bad) : undefined)
            const allowed = user === admin ? [400, 404, 405, 422] : [400, 403, 404, 405, 422]
            assert.ok(allowed.includes(status), `${method} ${path} answered ${status}`)
          }
        }
        const created = await api.request(user, 'POST', `${inDefault}/configmaps`, body(bad))
        assert.ok([400, 422].includes(created.status), `POST of the name ${bad} answered ${created.status}`)
      }
    })
  }
  await t.test('and nothing was stored or removed', () => {
    assert.equal(api.store.status().objects, before)
  })
})

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

test('a continue token that was changed by one byte is refused', async () => {
  await using api = await SecuredApi.open()
  for (const name of ['a', 'b', 'c']) await api.create(`${inDefault}/configmaps`, { metadata: { name } })
  const { json } = await api.request(admin, 'GET', `${inDefault}/configmaps?limit=1`)
  const token: string = json.metadata.continue
  assert.equal((await api.request(admin, 'GET', `${inDefault}/configmaps?limit=1&continue=${token}`)).status, 200)
  for (let at = 0; at < token.length; at++) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    const { status } = await api.request(admin, 'GET', `${inDefault}/configmaps?limit=1&continue=${changed}`)
    assert.ok(status === 400 || status === 410, `changed at ${at}: ${status}`)
  }
  const elsewhere = await api.request(admin, 'GET', `/api/v1/namespaces/kube-system/secrets?limit=1&continue=${token}`)
  assert.ok(elsewhere.status === 400 || elsewhere.status === 410, `in another collection: ${elsewhere.status}`)
})

test('a right to one name is none to the rest of the collection', async () => {
  await using api = await SecuredApi.open()
  for (const name of ['a', 'b']) await api.create(`${inDefault}/secrets`, { metadata: { name } })
  await grant(api, 'ann', [rule(['list', 'watch', 'get'], ['secrets'], { resourceNames: ['a'] })], 'default')
  const ask = async (query: string) => (await api.request(person('ann'), 'GET', `${inDefault}/secrets?${query}`)).status
  assert.equal(await ask('fieldSelector=metadata.name%3Da'), 200)
  assert.equal(await ask(''), 403)
  assert.equal(await ask('fieldSelector=metadata.name%3Db'), 403)
  assert.equal(await ask('fieldSelector=type%21%3Dx%5C,metadata.name%3Da'), 403)
  assert.equal(await ask('fieldSelector=metadata.name%21%3Da'), 403)
})

test('a right within a namespace reaches no other namespace as if it stood in this one', async () => {
  await using api = await SecuredApi.open()
  for (const name of ['own', 'other']) await api.create('/api/v1/namespaces', { metadata: { name } })
  await grant(api, 'ann', [rule(['*'], ['namespaces', 'namespaces/status', 'namespaces/finalize', 'nodes'])], 'own')
  const ask = (method: string, path: string, body?: object) => api.request(person('ann'), method, `/api/v1${path}`, body)
  assert.equal((await ask('GET', '/namespaces/own')).status, 200)
  for (const [method, path, body] of [
    ['GET', '/namespaces'],
    ['GET', '/namespaces/own/namespaces'],
    ['GET', '/namespaces/own/namespaces?watch=true'],
    ['GET', '/watch/namespaces/own/namespaces'],
    ['GET', '/watch/namespaces/own/namespaces/other'],
    ['GET', '/namespaces/own/namespaces/other'],
    ['POST', '/namespaces/own/namespaces', { metadata: { name: 'made' } }],
    ['PATCH', '/namespaces/own/namespaces/other', { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }],
    ['PUT', '/namespaces/own/namespaces/other/finalize', { metadata: { name: 'other' }, spec: {} }],
    ['DELETE', '/namespaces/own/namespaces/other'],
    ['GET', '/namespaces/own/nodes'],
  ] as const) {
    const { status } = await ask(method, path, body)
    assert.ok(status === 403 || status === 404, `${method} ${path}: ${status}`)
  }
  const { json } = await api.request(admin, 'GET', '/api/v1/namespaces/other')
  assert.deepEqual([json.status.phase, json.metadata.labels], ['Active', { 'kubernetes.io/metadata.name': 'other' }])
})

test('a right to get is none to run: neither nodes/proxy nor a WebSocket to pods/exec', async () => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.create(`${inDefault}/pods`, restrictedPod('p'))
  await grant(api, 'reader', [rule(['get'], ['nodes/proxy', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods'])])
  const websocket = { identity: person('reader'), upgrade: 'websocket', headers: { 'sec-websocket-protocol': 'v5.channel.k8s.io' } }
  for (const kind of ['exec?command=sh&stdout=true', 'attach?stdout=true', 'portforward?ports=80']) {
    const reply = await api.send({ ...websocket, url: `${inDefault}/pods/p/${kind}` })
    assert.equal(reply.status, 403, kind)
    assert.equal(reply.upgrade, undefined)
  }
  for (const path of ['/api/v1/nodes/n1/proxy/exec/default/p/c?command=sh', '/api/v1/nodes/n1/proxy/run/default/p/c']) {
    const reply = await api.send({ ...websocket, url: path })
    assert.equal(reply.status, 403, path)
    assert.equal(reply.upgrade, undefined)
  }
})

test('CVE-2015-7528: no log of a container that is not in the pod, and none without the right to pods/log', async () => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
  await api.create(`${inDefault}/pods`, restrictedPod('p', { nodeName: 'n1' }))
  await grant(api, 'ann', [rule(['get', 'list'], ['pods'])])
  for (const name of ['other', '../c', 'c%2f..', '..%2f..%2fetc']) {
    assert.equal((await api.request(admin, 'GET', `${inDefault}/pods/p/log?container=${name}`)).status, 400, name)
  }
  assert.equal((await api.request(person('ann'), 'GET', `${inDefault}/pods/p/log`)).status, 403)
})

test('CVE-2019-16276: headers name no user', async () => {
  await using api = await SecuredApi.open()
  for (const name of [
    'x-remote-user',
    'x_remote_user',
    'x-remote-user ',
    'remote-user',
    'x-forwarded-user',
    'x-remote-group',
    'x-remote-extra-scopes',
  ]) {
    const headers = { [name]: 'system:masters' }
    assert.equal((await api.present({}, '/api/v1/pods', { headers })).status, 401, name)
    const peerCertificate = await api.certificate('ann')
    const { json } = await api.present({ peerCertificate }, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: async () => Buffer.from('{}'),
    })
    assert.equal(json.status.userInfo.username, 'ann')
    assert.deepEqual(json.status.userInfo.groups, ['system:authenticated'])
  }
  // The front proxy's own authority is none of clients.
  const frontProxy = await api.certificate('front-proxy-client', [], { authority: 'front-proxy' })
  assert.equal((await api.present({ peerCertificate: frontProxy }, '/api/v1/pods', { headers: { 'x-remote-user': 'admin' } })).status, 401)
})

test('CVE-2018-1002103 and CVE-2025-14269: a client without credentials gets only health checks, under any name and after any other client', async () => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  const authorization = `Bearer ${await api.token('default', 'robot')}`
  const rebound = { host: 'evil.example', origin: 'https://evil.example', cookie: 'session=1', referer: 'https://localhost/' }
  const paths = ['/', '/api', '/api/v1/pods', '/apis', '/ui', '/dashboard', '/index.html', '/version', '/metrics', '/openapi/v2', '/logs/']
  for (const path of [...paths, '/debug/pprof/', '/debug/pprof/heap', '/debug/flags/v', '/swagger-ui', `${inDefault}/secrets`]) {
    assert.notEqual((await api.present({ authorization }, path)).status, 401, path)
    for (const headers of [{}, rebound]) {
      const { status, text } = await api.present({ remoteAddress: '127.0.0.1' }, path, { headers })
      assert.equal(status, 401, path)
      assert.doesNotMatch(text, /robot/)
    }
  }
  assert.equal((await api.present({}, '/livez', { headers: rebound })).status, 200)
})

test('CVE-2019-11248: there are no pages of a debugger or profiler, for the administrator either', async () => {
  await using api = await SecuredApi.open()
  for (const page of ['', 'heap', 'goroutine', 'profile', 'cmdline', 'trace'])
    assert.equal((await api.request(admin, 'GET', `/debug/pprof/${page}`)).status, 404, page)
  for (const path of ['/json', '/json/list', '/debug/flags/v', '/inspector'])
    assert.equal((await api.request(admin, 'GET', path)).status, 404, path)
})

test('no token of the server itself, and no serving certificate, opens the API', async () => {
  await using api = await SecuredApi.open()
  for (const authorization of [
    'Bearer system:apiserver',
    'Bearer bulkhead',
    'Bearer ',
    'Basic YWRtaW46YWRtaW4=',
    'Bearer a.b.c',
    'Negotiate x',
  ]) {
    const { status } = await api.present({ authorization }, '/api/v1/pods')
    assert.equal(status, 401, authorization)
  }
  const serving = await api.certificate('kube-apiserver', [], { authority: 'serving', dnsNames: ['localhost'] })
  assert.equal((await api.present({ peerCertificate: serving }, '/api/v1/pods')).status, 401)
})

test('the audit event names the credential, so that a certificate with the name of an account is recognizable', async () => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  const authorization = `Bearer ${await api.token('default', 'robot')}`
  const issued = api.events.at(-1)?.annotations?.['authentication.kubernetes.io/issued-credential-id'] ?? ''
  await api.present({ authorization }, '/api/v1/pods')
  const byToken = api.events.at(-1)
  const forged = await api.certificate('system:serviceaccount:default:robot', ['system:serviceaccounts'])
  await api.present({ peerCertificate: forged }, '/api/v1/pods')
  const byCertificate = api.events.at(-1)
  assert.equal(byToken?.user.username, byCertificate?.user.username)
  assert.equal(byToken?.annotations?.['authentication.bulkhead.dev/authenticator'], 'service-account-token')
  assert.equal(byToken?.annotations?.['authentication.bulkhead.dev/credential-id'], issued.replace('JTI=', 'jwt:'))
  assert.equal(byCertificate?.annotations?.['authentication.bulkhead.dev/authenticator'], 'x509')
  assert.match(byCertificate?.annotations?.['authentication.bulkhead.dev/credential-id'] ?? '', /^x509:[0-9a-f]{64}$/)
})

test('a token is valid for its audience, while it and its bound object exist', async t => {
  await using api = await SecuredApi.open()
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
  await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'other' } })
  const as = async (token: string) => (await api.present({ authorization: `Bearer ${token}` }, '/apis')).status
  const review = (token: string, audiences?: string[]) =>
    api.request(admin, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, ...(audiences ? { audiences } : {}) } })
  const mine = await api.token('default', 'robot')
  assert.equal(await as(mine), 200)

  await t.test('of another audience', async () => {
    const vault = await api.token('default', 'robot', { audiences: ['vault'] })
    assert.equal(await as(vault), 401)
    const { json } = await review(vault, ['vault', 'db'])
    assert.equal(json.status.authenticated, true)
    assert.deepEqual(json.status.audiences, ['vault'])
    assert.equal(json.status.user.username, 'system:serviceaccount:default:robot')
    assert.equal((await review(vault)).json.status.authenticated, undefined)
    assert.equal((await review(mine, ['vault'])).json.status.authenticated, undefined)
    assert.deepEqual((await review(mine)).json.status.audiences, ['https://kubernetes.default.svc.cluster.local'])
  })
  await t.test('changed in any part', async () => {
    const [head = '', body = '', signature = ''] = mine.split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signed = (header: object, payload: object) => {
      const text = `${encode(header)}.${encode(payload)}`
      return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    }
    const admins = { ...claims, sub: 'system:serviceaccount:kube-system:admin' }
    for (const token of [
      `${head}.${encode(admins)}.${signature}`,
      `${encode({ alg: 'none' })}.${body}.`,
      `${encode({ alg: 'none', kid })}.${body}.${signature}`,
      `${encode({ alg: 'HS256', kid })}.${body}.${signature}`,
      signed({ alg: 'ES256', kid }, claims),
      signed({ alg: 'ES256', kid: '../../dev/null' }, claims),
      signed({ alg: 'ES256' }, claims),
      `${head}.${body}.${signature.slice(0, -2)}`,
      `${head}.${body}.`,
    ]) {
      assert.equal(await as(token), 401, token)
    }
  })
  await t.test('of a deleted pod', async () => {
    const pod = await api.create(`${inDefault}/pods`, restrictedPod('p', { serviceAccountName: 'robot' }))
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata.uid }
    const bound = await api.token('default', 'robot', { boundObjectRef })
    assert.equal(await as(bound), 200)
    await api.request(admin, 'DELETE', `${inDefault}/pods/p?gracePeriodSeconds=0`)
    assert.equal(await as(bound), 401)
    assert.match((await review(bound)).json.status.error, /service account token has been invalidated/)
  })
  await t.test('bound to what does not fit', async () => {
    await api.create(`${inDefault}/pods`, restrictedPod('q', { serviceAccountName: 'other' }))
    const ask = (spec: object) => api.request(admin, 'POST', `${inDefault}/serviceaccounts/robot/token`, { spec })
    assert.equal((await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'q' } })).status, 400)
    assert.equal((await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'none' } })).status, 404)
    assert.equal((await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } })).status, 400)
    assert.equal((await ask({ expirationSeconds: 5 })).status, 422)
  })
  await t.test('of a deleted account', async () => {
    await api.request(admin, 'DELETE', `${inDefault}/serviceaccounts/robot`)
    assert.equal(await as(mine), 401)
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'robot' } })
    assert.equal(await as(mine), 401)
  })
})
