import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesImage, repositoryOf } from './image-pattern.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('repositoryOf() fills in the registry and drops tag and digest', () => {
  assert.equal(repositoryOf('nginx'), 'docker.io/library/nginx')
  assert.equal(repositoryOf(`team/app:1@${digest}`), 'docker.io/team/app')
  assert.equal(repositoryOf('registry.example.com:5000/shop/app:1.2'), 'registry.example.com:5000/shop/app')
  assert.equal(repositoryOf(`localhost/app@${digest}`), 'localhost/app')
  assert.equal(repositoryOf('No Image'), undefined)
})

const rows: readonly [pattern: string, image: string, matches: boolean][] = [
  ['**', 'nginx', true],
  ['nginx', 'nginx:1', true],
  ['nginx', 'other/nginx', false],
  ['team/*', 'team/app', true],
  ['team/*', 'team/app/part', false],
  ['team/**', 'team/app/part', true],
  ['docker.io/library/*', 'nginx', true],
  ['registry.example.com:5000/shop/**', 'registry.example.com:5000/shop/a/b', true],
  ['registry.example.com:5000/shop/**', 'registry.example.com:5000/shopper/a', false],
  ['registry.example.com/shop', 'registry.example.com:5000/shop', false],
  ['*.example.com/**', 'registry.example.com/a', true],
  ['*.example.com/**', 'evil.com/registry.example.com/a', false],
  ['localhost:5000/*/app', 'localhost:5000/x/app', true],
  ['localhost:5000/*/app', 'localhost:5000/x/y/app', false],
]
for (const [pattern, image, expected] of rows)
  test(`matchesImage() says ${expected} for ${pattern} and ${image}`, () =>
    assert.equal(matchesImage([pattern], repositoryOf(image) ?? ''), expected))

test('matchesImage() stays fast for a hostile pattern', () => {
  const pattern = `${'*a'.repeat(8)}b`
  const begin = process.cpuUsage().user
  assert.equal(matchesImage([`**${pattern}`], 'a'.repeat(400)), false)
  assert.ok(process.cpuUsage().user - begin < 500_000)
})
