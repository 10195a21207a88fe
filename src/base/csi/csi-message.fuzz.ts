// Messages of CSI from JSON, as the agent and the controllers read them: an object of the table's fields, or a UserError. What was read is read again to the same.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseJson } from '../json.ts'
import { type FuzzTarget, succeeds } from '../testing/fuzz-target.testing.ts'
import { UserError } from '../user-error.ts'
import { csiMessages } from './csi-messages.ts'
import { readMessage } from './read-message.ts'

const roots = ['CreateVolumeRequest', 'NodePublishVolumeRequest', 'ListVolumesResponse', 'NodeGetInfoResponse'] as const
const names = [...new Set(Object.values(csiMessages).flatMap(fields => Object.keys(fields)))]
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant('9007199254740993'), fc.constant('__proto__'))
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 5 }),
  ),
}))

export const csiMessage: FuzzTarget = {
  name: 'csi-message',
  inputs: value.map(each => JSON.stringify(each) ?? 'null'),
  words: [...names.map(name => `"${name}":`), '"__proto__":', '{}', '[]', '"SINGLE_NODE_WRITER"'],
  run(input) {
    let given: unknown
    if (!succeeds(() => (given = parseJson(input.toString())), SyntaxError)) return
    for (const root of roots) {
      let read: unknown
      if (!succeeds(() => (read = readMessage(root, given)), UserError)) continue
      assert.deepEqual(readMessage(root, read), read)
      assert.equal(Object.getPrototypeOf(read), Object.prototype)
    }
  },
}
