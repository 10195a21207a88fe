import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { imageTag, parseImageReference, splitImage } from './image-reference.ts'

const digest = `sha256:${'a'.repeat(64)}`
const rows: [string, string | undefined, boolean?][] = [
  ['busybox', 'docker.io/library/busybox:latest', true],
  ['team/app:1', 'docker.io/team/app:1', false],
  ['docker.io/busybox', 'docker.io/library/busybox:latest', true],
  ['registry.example/app', 'registry.example/app:latest', true],
  ['localhost/app:latest', 'localhost/app:latest', true],
  ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1', false],
  [`busybox@${digest}`, `docker.io/library/busybox@${digest}`, false],
  [`r.example/a:1@${digest}`, `r.example/a:1@${digest}`, false],
  ['Upper/Case', undefined],
  ['index.docker.io/busybox', 'docker.io/library/busybox:latest', true],
  ['', undefined],
  ['a b', undefined],
  ['-o', undefined],
  ['x:', undefined],
  ['$(touch x)', undefined],
  [`x@sha256:short`, undefined],
  [`x@${digest}@${digest}`, undefined],
  ['0'.repeat(64), undefined],
]
for (const [text, full, latest] of rows) {
  test(`parseImageReference(): ${JSON.stringify(text)}`, () => {
    const reference = parseImageReference(text)
    assert.equal(reference?.full, full)
    if (full !== undefined) assert.equal(reference?.tag === 'latest', latest)
  })
}

describe('imageTag()', () => {
  const rows: readonly (readonly [image: string, tag: string])[] = [
    ['nginx', 'latest'],
    ['nginx:1.27', '1.27'],
    ['registry.example.com:5000/a/b', 'latest'],
    ['registry.example.com:5000/a/b:v1', 'v1'],
    ['localhost/a', 'latest'],
    ['[::1]:5000/a', 'latest'],
    [`nginx@${digest}`, ''],
    [`nginx:1@${digest}`, '1'],
    ['NGINX', ''],
    ['nginx:', ''],
    ['a//b', ''],
    ['', ''],
    ['0'.repeat(64), ''],
    ['b'.repeat(247), 'latest'],
    ['b'.repeat(248), ''],
    [`docker.io/${'b'.repeat(248)}`, ''],
    [`x.io/${'b'.repeat(255)}`, 'latest'],
    [`x.io/${'b'.repeat(256)}`, ''],
  ]
  for (const [image, tag] of rows) test(`${JSON.stringify(image)} has ${JSON.stringify(tag)}`, () => assert.equal(imageTag(image), tag))
})

test('splitImage() splits any text', () => {
  assert.deepEqual(splitImage('r.example:5000/a'), { name: 'r.example:5000/a', tag: undefined, digest: undefined })
  assert.deepEqual(splitImage('r.example:5000/a:1@sha256:b'), { name: 'r.example:5000/a', tag: '1', digest: 'sha256:b' })
  assert.deepEqual(splitImage('$IMAGE:latest'), { name: '$IMAGE', tag: 'latest', digest: undefined })
})
