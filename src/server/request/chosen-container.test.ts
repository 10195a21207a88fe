import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec } from '../../api/types/core-v1.ts'
import { chosenContainer } from './chosen-container.ts'

const named = (...names: string[]) => names.map(name => ({ name, image: 'i' }))
const choose = (spec: PodSpec, wanted?: string): string => chosenContainer({ metadata: { name: 'p' }, spec }, wanted)

test('chosenContainer() takes the only container, or the one that is named, of whatever kind', () => {
  const spec = { containers: named('a'), initContainers: named('i'), ephemeralContainers: named('e') }
  for (const [wanted, chosen] of [
    [undefined, 'a'],
    ['', 'a'],
    ['a', 'a'],
    ['i', 'i'],
    ['e', 'e'],
  ] as const) {
    assert.equal(choose(spec, wanted), chosen, wanted)
  }
})

const refusals: readonly [string, PodSpec, string | undefined, string][] = [
  ['a name of no container', { containers: named('a') }, 'x', 'container x is not valid for pod p'],
  [
    'several containers, in the order in which they start',
    { containers: named('a', 'b'), initContainers: named('i'), ephemeralContainers: named('e') },
    undefined,
    'a container name must be specified for pod p, choose one of: [i a b e]',
  ],
  ['no container', { containers: [] }, undefined, 'a container name must be specified for pod p'],
]
for (const [name, spec, wanted, message] of refusals) {
  test(`chosenContainer() refuses ${name}`, () => {
    assert.throws(() => choose(spec, wanted), { message })
  })
}
