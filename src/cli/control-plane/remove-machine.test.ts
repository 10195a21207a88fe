import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../base/user-error.ts'
import type { EtcdMember } from '../../store/etcd/membership.ts'
import { planRemoval } from './remove-machine.ts'

const member = (name: string, isLearner = false): EtcdMember => ({ ID: name, name, peerURLs: [], clientURLs: [], isLearner })
const alive =
  (...names: string[]) =>
  async ({ name }: EtcdMember) =>
    names.includes(name)
/** As etcd lists them: by their ids. */
const three = ['m2', 'm3', 'm1'].map(name => member(name))

test('planRemoval() takes out a member that is gone', async () => {
  const { leaving, staying } = await planRemoval('m3', 'm1', three, alive('m1', 'm2'))
  assert.deepEqual([leaving.name, ...staying.map(({ name }) => name)], ['m3', 'm1', 'm2'])
})

const refused: readonly [what: string, name: string, all: readonly EtcdMember[], running: readonly string[], said: RegExp][] = [
  ['an unknown one', 'm9', three, ['m1', 'm2', 'm3'], /etcd has no member "m9": members are m1, m2, m3/],
  ['the own one', 'm1', three, ['m1', 'm2', 'm3'], /"m1" is this machine/],
  ['one that runs', 'm3', three, ['m1', 'm2', 'm3'], /The member "m3" of etcd runs: stop that machine first/],
  ['one whose others have no majority', 'm3', three, ['m1'], /Without "m3" etcd needs 2 of m1, m2, and m1 answers: start the others first/],
  ['one beside a learner, which does not vote', 'm3', [...three, member('m4', true)], ['m1', 'm4'], /needs 2 of m1, m2, and m1 answers/],
]
for (const [what, name, all, running, said] of refused)
  test(`planRemoval() refuses ${what}`, async () => {
    await assert.rejects(planRemoval(name, 'm1', all, alive(...running)), err => err instanceof UserError && said.test(err.message))
  })
