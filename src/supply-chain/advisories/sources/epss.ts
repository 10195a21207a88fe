// EPSS of FIRST (first.org/epss): the probability of each CVE to be exploited, as the CSV of a day.
import { UserError } from '../../../base/user-error.ts'
import { isCve } from '../advisory.ts'
import { timeAt } from '../record-fields.ts'
import type { ExploitProbability, FeedFormat } from './feed-format.ts'

const head = 'cve,epss,percentile'

export const epss: FeedFormat = {
  name: 'epss',
  brief: 'CSV of FIRST with the probability of exploitation',
  read: ({ name, bytes }) => {
    const lines = linesOf(bytes)
    const comment = lines.next().value ?? ''
    const day = comment.split(/[,#]/).find(part => part.startsWith('score_date:'))
    // +0000 is no RFC 3339.
    const time = timeAt(day?.slice('score_date:'.length).replace(/\+0000$/, 'Z'), `"${name}": line 1: score_date`)
    if (lines.next().value !== head) throw new UserError(`"${name}": line 2 must be ${head}`)
    return { probabilities: probabilities(lines, name), time }
  },
}

function* linesOf(bytes: Uint8Array): Generator<string, undefined> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let from = 0; from < buffer.length; ) {
    const end = buffer.indexOf('\n', from)
    const stop = end === -1 ? buffer.length : end
    yield buffer.toString('latin1', from, stop).trimEnd()
    from = stop + 1
  }
}

function* probabilities(lines: Iterable<string>, name: string): Generator<ExploitProbability> {
  let number = 2
  for (const line of lines) {
    number++
    if (line === '') continue
    const [cve = '', text = ''] = line.split(',', 3)
    const probability = /^[01](?:\.[0-9]{1,12})?$/.test(text) ? Number(text) : Number.NaN
    if (!isCve(cve) || !(probability <= 1)) throw new UserError(`"${name}": line ${number} must be as CVE-2026-1234,0.5,0.9`)
    yield { cve, probability }
  }
}
