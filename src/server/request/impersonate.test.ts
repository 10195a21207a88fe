import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '../../access/access.ts'
import { isReason } from '../../api/status.ts'
import { impersonate } from './impersonate.ts'

const asker = { name: 'ann', groups: [] }

/** The resulting user, and the required rights. */
async function taken(headers: Record<string, string | string[]>) {
  const asked: string[] = []
  const user = await impersonate(
    asker,
    headers,
    async ({ resource, subresource, name }: Attributes) => {
      asked.push(`${resource}${subresource === '' ? '' : `/${subresource}`} ${name}`)
      return { allowed: true, authorizer: 'test', reason: '' }
    },
    {},
  )
  return { user, asked }
}

const extras: readonly (readonly [what: string, headers: Record<string, string | string[]>, extra: object])[] = [
  ['a plain name', { 'impersonate-extra-scopes': ['a', 'b'] }, { scopes: ['a', 'b'] }],
  ['an escaped name', { 'impersonate-extra-a%2fb': 'x' }, { 'a/b': ['x'] }],
  ['a name that keeps its case by escapes', { 'impersonate-extra-%51%c3%84': 'x' }, { QÄ: ['x'] }],
  ['two spellings of one name', { 'impersonate-extra-%61': 'x', 'impersonate-extra-a': 'y' }, { a: ['x', 'y'] }],
]
for (const [what, headers, extra] of extras) {
  test(`impersonate() reads extras: ${what}`, async () => {
    const { user, asked } = await taken({ 'impersonate-user': 'bob', ...headers })
    assert.deepEqual(user.extra, extra)
    const rights = Object.entries(extra).flatMap(([key, list]: [string, string[]]) => list.map(value => `userextras/${key} ${value}`))
    assert.deepEqual(asked, ['users bob', ...rights])
  })
}

test('impersonate() asks for user, groups, extras and uid, in this order', async () => {
  const { user, asked } = await taken({
    'impersonate-uid': 'u',
    'impersonate-user': 'bob',
    'impersonate-group': ['g'],
    'impersonate-extra-k': 'v',
  })
  assert.deepEqual(asked, ['users bob', 'groups g', 'userextras/k v', 'uids u'])
  assert.equal(user.uid, 'u')
})

test('impersonate() takes an empty uid for none', async () => {
  const { user, asked } = await taken({ 'impersonate-user': 'bob', 'impersonate-uid': '' })
  assert.deepEqual(asked, ['users bob'])
  assert.ok(!('uid' in user))
})

test('impersonate() refuses an extra whose name cannot be read', async () => {
  await assert.rejects(taken({ 'impersonate-user': 'bob', 'impersonate-extra-%zz': 'x' }), err => isReason(err, 'BadRequest'))
})

const withoutUser: readonly (readonly [what: string, headers: Record<string, string | string[]>, asked: string])[] = [
  ['groups', { 'impersonate-group': ['g', 'h'] }, '{Group  g    } {Group  h    }'],
  ['an extra', { 'impersonate-extra-a%2fb': 'x' }, '{UserExtra  x  authentication.k8s.io/v1  a/b}'],
  ['a uid and a group', { 'impersonate-uid': 'u', 'impersonate-group': 'g' }, '{Group  g    } {UID  u  authentication.k8s.io/v1  }'],
  ['a group of an empty user', { 'impersonate-user': '', 'impersonate-group': 'g' }, '{Group  g    }'],
  ['an empty user', { 'impersonate-user': '' }, ''],
  ['what it does not know', { 'impersonate-scope': 'x' }, ''],
]
for (const [what, headers, asked] of withoutUser) {
  test(`impersonate() names the requested attributes without a user: ${what}`, async () => {
    await assert.rejects(
      taken(headers),
      err => isReason(err, 'BadRequest') && err.message === `requested [${asked}] without impersonating a user`,
    )
  })
}
