// The test driver as a process beside a node: `node test/csi/driver-process.ts OPTIONS.json`. It reads faults from the file `faults.json` beside the
// options at each call, and appends each call to `calls.jsonl`.
import { appendFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isJsonObject, parseJson } from '../../src/base/json.ts'
import { TestDriver } from './driver.ts'
import { readFault } from './faults.ts'
import { tokenReview } from './token-review.ts'

const [, , file = ''] = process.argv
const value = parseJson(await readFile(file, 'utf8'))
if (!isJsonObject(value)) throw new Error(`"${file}" must hold an object`)
const folder = dirname(file)
const text = (key: string): string => (typeof value[key] === 'string' ? value[key] : '')
const audience = text('audience')
const driver = new TestDriver({
  name: text('name'),
  nodeId: text('nodeId'),
  folder: text('folder'),
  sockets: text('sockets'),
  ...(text('registry') === '' ? {} : { registry: text('registry') }),
  attach: value['attach'] === true,
  ...(typeof value['maxVolumes'] === 'number' ? { maxVolumes: value['maxVolumes'] } : {}),
  ...(audience === ''
    ? {}
    : { token: { audience, check: tokenReview({ server: text('server'), ca: text('ca'), bearer: text('bearer') }, audience) } }),
  faultOf: async method => readFault(parseJson(await readFile(join(folder, 'faults.json'), 'utf8').catch(() => '{}')), method),
  onCall: ({ method, outcome }) => appendFileSync(join(folder, 'calls.jsonl'), `${JSON.stringify({ method, outcome })}\n`),
})
await mkdir(text('sockets'), { recursive: true, mode: 0o700 })
await driver.start()
console.log('ready')
process.once('SIGTERM', () => void driver.stop())
