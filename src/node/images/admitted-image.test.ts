import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodCondition } from '../../api/types/core-v1.ts'
import { refusalOfImage, refusalOfPod } from './admitted-image.ts'

const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const type = 'supply.bulkhead.dev/ImagesVerified'

test('refusalOfPod() refuses only while the condition is False', () => {
  const of = (conditions: PodCondition[]) => refusalOfPod({ status: { conditions } })
  assert.equal(of([]), undefined)
  assert.equal(of([{ type, status: 'True' }]), undefined)
  assert.equal(of([{ type, status: 'Unknown' }]), undefined)
  assert.equal(of([{ type: 'Ready', status: 'False' }]), undefined)
  assert.match(of([{ type, status: 'False', message: 'key revoked' }]) ?? '', /not verified any more: key revoked/)
  assert.equal(refusalOfPod({}), undefined)
})

test('refusalOfImage() takes the image of the digest, and nothing else under its name', () => {
  const of = (reference: string, repoDigests: string[], id = other) => refusalOfImage(reference, { repoDigests, id })
  assert.equal(of(`shop:1@${digest}`, [`docker.io/library/shop@${other}`, `docker.io/library/shop@${digest}`]), undefined)
  assert.equal(of(`shop:1@${digest}`, [], digest), undefined)
  assert.equal(of('shop:1', []), undefined)
  assert.match(
    of(`shop:1@${digest}`, [`docker.io/library/shop@${other}`]) ?? '',
    /was admitted, and the node has docker.io\/library\/shop@sha256:b/,
  )
  assert.match(of(`shop:1@${digest}`, []) ?? '', /the node has sha256:b/)
})
