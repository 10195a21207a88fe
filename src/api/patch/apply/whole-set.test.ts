import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shapeOfSchema } from '../../custom-resources/schema/schema-shape.ts'
import { writeOf } from './apply.testing.ts'
import { pathTexts } from './field-set.ts'
import type { Shape } from './shape.ts'
import { wholeSet } from './whole-set.ts'

const { shape: pod } = writeOf('Pod', 'm')
const embedded = shapeOfSchema({ type: 'object', 'x-kubernetes-embedded-resource': true })
const volume = (metadata: object) => ({ spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { metadata } } }] } })

const rows: [string, unknown, Shape, RegExp, string[]][] = [
  [
    'items of one name as one',
    { spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b' }, { name: 'a', image: 'j' }] } },
    pod,
    /containers\[/,
    ['.spec.containers[name="a"]', '.spec.containers[name="b"]', '.spec.containers[name="b"].name'],
  ],
  [
    'a creation time that is not set',
    volume({ labels: { a: 'b' } }),
    pod,
    /volumeClaimTemplate.metadata./,
    ['creationTimestamp', 'labels', 'labels.a'].map(name => `.spec.volumes[name="v"].ephemeral.volumeClaimTemplate.metadata.${name}`),
  ],
  [
    'none of an embedded object',
    { metadata: { labels: { a: 'b' } } },
    embedded,
    /metadata/,
    ['.metadata', '.metadata.labels', '.metadata.labels.a'],
  ],
]
for (const [name, value, shape, shown, paths] of rows) {
  test(`wholeSet() has ${name}`, () => {
    assert.deepEqual(
      pathTexts(wholeSet(value, shape)).filter(path => shown.test(path)),
      paths,
    )
  })
}
