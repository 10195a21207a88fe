import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../client/resources.ts'
import { startScenario } from '../scenario.testing.ts'
import { nodeTtl, nodeTtlAnnotation, ttlSeconds, ttlStep } from './node-ttl.ts'

const rows: readonly { from: number; count: number; seconds: number }[] = [
  { from: 0, count: 100, seconds: 0 },
  { from: 0, count: 101, seconds: 15 },
  { from: 1, count: 90, seconds: 15 },
  { from: 1, count: 89, seconds: 0 },
  { from: 0, count: 700, seconds: 30 },
  { from: 3, count: 2001, seconds: 300 },
  { from: 4, count: 10, seconds: 0 },
]
for (const { from, count, seconds } of rows)
  test(`ttlStep() of ${count} nodes from step ${from} is ${seconds} s`, () => assert.equal(ttlSeconds(ttlStep(from, count)), seconds))

test('nodeTtl annotates each node, and corrects changed values', async () => {
  await using scenario = startScenario({
    controllers: [nodeTtl],
    prepare(api) {
      api.seed(nodes, { metadata: { name: 'a', annotations: { own: 'x' } }, spec: {} })
      api.seed(nodes, { metadata: { name: 'b' }, spec: {} })
    },
  })
  const { api } = scenario
  const of = (name: string) => api.read(nodes, '', name)?.metadata.annotations ?? {}
  const isMarked = () => ['a', 'b'].every(name => of(name)[nodeTtlAnnotation] === '0')
  await scenario.until(isMarked, 'the marks')
  assert.equal(of('a')['own'], 'x')
  api.change(nodes, '', 'a', ({ metadata }) => {
    metadata.annotations = { [nodeTtlAnnotation]: '300' }
  })
  await scenario.until(isMarked, 'the mark again')
})
