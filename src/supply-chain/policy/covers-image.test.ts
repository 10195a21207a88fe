import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coversImage } from './covers-image.ts'

const rows: readonly [patterns: readonly string[], image: string, covers: boolean][] = [
  [['docker.io/library/*'], 'nginx:1', true],
  [['registry.example.com/**'], 'registry.example.com/shop/app:1', true],
  [['registry.example.com/**'], 'nginx', false],
  [['**'], 'No Image', true],
  [['docker.io/**'], 'No Image', false],
  [['**'], 'bulkhead.local/busybox:1', false],
  [['**'], 'bulkhead.local/other:1', true],
  [['bulkhead.local/**'], 'bulkhead.local/busybox:1', true],
  [['***'], 'nginx', true],
]
for (const [patterns, image, covers] of rows)
  test(`coversImage() says ${covers} for ${patterns.join()} and ${image}`, () => assert.equal(coversImage(patterns, image), covers))
