import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitHolder } from './limit-subject.ts'

const holders: readonly (readonly [string, string])[] = [
  ['ann', 'ann'],
  ['system:node:n1', 'system:node:n1'],
  ['system:serviceaccount:team-a:robot', 'system:serviceaccounts:team-a'],
  ['system:serviceaccount:team-a:other', 'system:serviceaccounts:team-a'],
  ['system:serviceaccount:team-b:robot', 'system:serviceaccounts:team-b'],
  ['system:serviceaccount:broken', 'system:serviceaccount:broken'],
]
for (const [userName, holder] of holders)
  test(`limitHolder() of ${userName} is ${holder}`, () => assert.equal(limitHolder(userName), holder))
