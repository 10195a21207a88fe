// Tokens of an external issuer through the whole server: rights by RBAC, audit records, reviews, the deny list, and anonymous paths.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestIssuer } from '../../../access/jwt/test-issuer.testing.ts'
import { defaultIssuer } from '../../../access/tokens/issue-token.ts'
import { grant, rule } from '../granted-rights.testing.ts'
import { admin, readAll, SecuredApi } from '../secured-api.testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const reviews = '/apis/authentication.k8s.io/v1/tokenreviews'

async function open(t: { after(end: () => Promise<void>): void }) {
  const issuer = await TestIssuer.open()
  t.after(() => issuer[Symbol.asyncDispose]())
  const api = await SecuredApi.open({ authentication: { jwt: [issuer.configuration()] } })
  t.after(() => api[Symbol.asyncDispose]())
  const token = (claims = {}) => issuer.sign(issuer.claims(Date.now(), { sub: 'ann', groups: ['dev'], jti: 'id-1', ...claims }))
  const get = async (bearer: string, path = pods) => await api.present({ authorization: `Bearer ${bearer}` }, path)
  return { issuer, api, token, get }
}

test("an issuer's token has the rights of its user, and the audit record names the authenticator", async t => {
  const { api, token, get } = await open(t)
  const bearer = await token()
  assert.equal((await get(bearer)).status, 403)
  await grant(api, 'ext:ann', [rule(['list'], ['pods'])], 'default')
  assert.equal((await get(bearer)).status, 200)
  const event = api.events.findLast(({ requestURI, stage }) => requestURI === pods && stage === 'ResponseComplete')
  assert.deepEqual(
    [event?.user.username, event?.user.groups, event?.annotations?.['authentication.bulkhead.dev/authenticator']],
    ['ext:ann', ['ext:dev', 'system:authenticated'], 'jwt'],
  )
  assert.equal(event?.annotations?.['authentication.bulkhead.dev/credential-id'], 'jwt:id-1')
})

test('a forged token is rejected, and neither the log nor the audit record shows its content', async t => {
  const { issuer, api, token, get } = await open(t)
  const [head, body] = (await token({ sub: 'canary-6f1b' })).split('.')
  const other = await issuer.sign(issuer.claims(Date.now(), { sub: 'canary-6f1b', aud: 'canary-6f1b' }))
  for (const bearer of [`${head}.${body}.AAAA`, other]) {
    assert.equal((await get(bearer)).status, 401)
    const written = `${api.logLines.join('')}${JSON.stringify(api.events)}`
    for (const secret of ['canary', ...bearer.split('.').filter(part => part.length > 4)]) assert.ok(!written.includes(secret), secret)
  }
  const refused = api.events.findLast(({ requestURI }) => requestURI === pods)
  assert.match(JSON.stringify(refused?.annotations), /jwt.*oidc: verify token: oidc: expected audience in/)
})

test('a TokenReview knows the token, for this API server only', async t => {
  const { api, token } = await open(t)
  const review = async (spec: object) => (await api.request(admin, 'POST', reviews, { spec })).json.status
  const bearer = await token()
  const { authenticated, user, audiences } = await review({ token: bearer })
  assert.deepEqual([authenticated, user.username, user.groups], [true, 'ext:ann', ['ext:dev', 'system:authenticated']])
  assert.deepEqual(audiences, [defaultIssuer])
  assert.equal((await review({ token: bearer, audiences: ['vault'] })).authenticated, undefined)
  const expired = await review({ token: await token({ exp: 1 }) })
  assert.deepEqual(
    [expired.authenticated, expired.error],
    [undefined, '[invalid bearer token, oidc: verify token: oidc: token is expired]'],
  )
})

test('a token that is denied by its id is refused at once, and in reviews', async t => {
  const { api, token, get } = await open(t)
  const bearer = await token()
  assert.equal((await get(bearer)).status, 403)
  const list = '/api/v1/namespaces/kube-system/configmaps/bulkhead-denied-credentials'
  assert.equal((await api.request(admin, 'PATCH', list, { data: { ann: 'token:id-1' } })).status, 200)
  assert.equal((await get(bearer)).status, 401)
  const review = await api.request(admin, 'POST', reviews, { spec: { token: bearer } })
  assert.equal(review.json.status.authenticated, undefined)
  assert.equal((await get(await token({ jti: 'id-2' }))).status, 403)
})

test("ServiceAccount tokens are the cluster's own, whatever the configuration names", async t => {
  const { issuer, api, get } = await open(t)
  await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'a' } })
  assert.equal((await get(await api.token('default', 'a'))).status, 403)
  assert.equal((await get(await issuer.sign(issuer.claims(Date.now(), { iss: defaultIssuer })))).status, 401)
  assert.deepEqual(issuer.asked, [])
})

test('anonymous requests reach the configured health checks, and none if the configuration forbids them', async () => {
  const answers = async (anonymous: { enabled: boolean; paths: string[] } | undefined) => {
    await using api = await SecuredApi.open({ authentication: { jwt: [], ...(anonymous ? { anonymous } : {}) } })
    const paths = ['/livez', '/readyz', '/version']
    return await Promise.all(paths.map(async path => (await api.present({}, path)).status !== 401))
  }
  assert.deepEqual(await answers(undefined), [true, true, false])
  assert.deepEqual(await answers({ enabled: true, paths: ['/livez'] }), [true, false, false])
  assert.deepEqual(await answers({ enabled: false, paths: [] }), [false, false, false])
})

test('a server whose configuration is replaced takes the tokens of the new issuer, and ends the watches of the old one', async t => {
  const { issuer, api, token, get } = await open(t)
  await using second = await TestIssuer.open()
  const ofSecond = await second.sign(second.claims(Date.now(), { sub: 'ann' }))
  const ofFirst = await token()
  await grant(api, 'ext:ann', [rule(['list', 'watch'], ['pods'])], 'default')
  assert.deepEqual([(await get(ofFirst)).status, (await get(ofSecond)).status], [200, 401])
  const credentials = { remoteAddress: '192.0.2.1', authorization: `Bearer ${ofFirst}` }
  const watch = await api.send({ url: `${pods}?watch=true`, credentials })
  assert.equal(watch.status, 200)
  const ended = readAll(watch)
  api.replace.authentication?.({ jwt: [second.configuration()] })
  await ended
  assert.deepEqual([(await get(ofFirst)).status, (await get(ofSecond)).status], [401, 200])
  api.replace.authentication?.({ jwt: [issuer.configuration()] })
  assert.deepEqual([(await get(ofFirst)).status, (await get(ofSecond)).status], [200, 401])
})

test('a server that begins with no issuer can be given one', async () => {
  await using issuer = await TestIssuer.open()
  await using api = await SecuredApi.open({ authentication: { jwt: [] } })
  const authorization = `Bearer ${await issuer.sign(issuer.claims(Date.now()))}`
  assert.equal((await api.present({ authorization }, pods)).status, 401)
  api.replace.authentication?.({ jwt: [issuer.configuration()] })
  assert.equal((await api.present({ authorization }, pods)).status, 403)
  await using without = await SecuredApi.open()
  assert.deepEqual(without.replace, { authentication: undefined, authorization: undefined })
})
