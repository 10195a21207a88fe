import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notFound } from '../../api/status.ts'
import { RegistryCredentials, reusedMs } from './registry-credentials.ts'

const { signal } = new AbortController()

function credentials() {
  const issued: string[] = []
  let now = 0
  const made = new RegistryCredentials({
    hosts: ['192.0.2.1:5443', 'localhost:5443'],
    issue: async (namespace, account) => {
      if (account === 'none') throw notFound({ group: '', plural: 'serviceaccounts' }, account)
      issued.push(`${namespace}/${account}`)
      return `token-${issued.length}`
    },
    now: () => now,
  })
  return { made, issued, at: (time: number) => (now = time) }
}

test('RegistryCredentials are for images of the own registry alone', async () => {
  const { made } = credentials()
  const images = [
    '192.0.2.1:5443/shop/web:1',
    'localhost/shop/web:1',
    'nginx',
    'evil.example/192.0.2.1:5443/web',
    'localhost:5443/a/b@sha256:0',
  ]
  const found = await made.of('shop', 'default', images, signal)
  assert.deepEqual(
    found.map(({ location }) => location),
    ['192.0.2.1:5443/shop/web', ...(made.has('localhost:5443/a/b@sha256:0') ? ['localhost:5443/a/b'] : [])],
  )
  assert.deepEqual(await made.of('shop', 'default', ['nginx'], signal), [])
})

test('RegistryCredentials are those of one account, for a while', async () => {
  const { made, issued, at } = credentials()
  const tokenOf = async (namespace: string, account: string) =>
    (await made.of(namespace, account, ['localhost:5443/shop/web'], signal)).map(({ password }) => password)
  assert.deepEqual(
    [await tokenOf('shop', 'a'), await tokenOf('shop', 'a'), await tokenOf('shop', 'b')],
    [['token-1'], ['token-1'], ['token-2']],
  )
  assert.deepEqual(await tokenOf('bank', 'a'), ['token-3'])
  at(reusedMs)
  assert.deepEqual(await tokenOf('shop', 'a'), ['token-4'])
  // The clock was set back.
  at(0)
  assert.deepEqual(await tokenOf('shop', 'a'), ['token-5'])
  assert.deepEqual(await tokenOf('shop', 'none'), [])
  assert.deepEqual(issued, ['shop/a', 'shop/b', 'bank/a', 'shop/a', 'shop/a'])
})
