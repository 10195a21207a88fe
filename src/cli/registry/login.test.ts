import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { dockerConfigFile, requireOwnRegistry, withLogin } from './login.ts'

const host = '127.0.0.1:5443'
const auth = Buffer.from('bulkhead:token').toString('base64')

test('withLogin() adds a login, and keeps what the file had', () => {
  const before = { auths: { 'other:5000': { auth: 'x' }, [host]: { auth: 'old' } }, currentContext: 'y' }
  assert.deepEqual(parseJson(withLogin('f', JSON.stringify(before), host, 'token')), {
    currentContext: 'y',
    auths: { 'other:5000': { auth: 'x' }, [host]: { auth } },
  })
  for (const text of [undefined, '', '  \n'])
    assert.deepEqual(parseJson(withLogin('f', text, host, 'token')), { auths: { [host]: { auth } } })
})

for (const [what, text, message] of [
  ['what is not JSON', '{', /"f" is not JSON/],
  ['a list', '[]', /must be a JSON object/],
  ['logins that are no object', '{"auths":3}', /auths must be a JSON object/],
  ['a file whose passwords a program keeps', '{"credsStore":"desktop"}', /leaves passwords to the program "desktop"/],
] as const) {
  test(`withLogin() refuses ${what}`, () => {
    assert.throws(
      () => withLogin('f', text, host, 'token'),
      (err: unknown) => err instanceof UserError && message.test(err.message),
    )
  })
}

test('dockerConfigFile() follows DOCKER_CONFIG', () => {
  assert.equal(dockerConfigFile({}, '/home/a'), '/home/a/.docker/config.json')
  assert.equal(dockerConfigFile({ DOCKER_CONFIG: '/x' }, '/home/a'), '/x/config.json')
})

test('requireOwnRegistry() refuses another name than those of the registry, and a cluster without one', () => {
  requireOwnRegistry(host, ['192.0.2.10:5443', host])
  assert.throws(() => requireOwnRegistry('127.0.0.1:5444', ['192.0.2.10:5443', host]), {
    message: '"127.0.0.1:5444" is not the cluster\'s registry: it must be 192.0.2.10:5443 or 127.0.0.1:5443',
  })
  assert.throws(() => requireOwnRegistry(host, []), /The cluster has no registry: start it with "bulkhead up --registry"/)
})
