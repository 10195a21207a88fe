// VEX documents: what somebody who knows a product says of its vulnerabilities. They take findings away, so whose they are counts: an AdvisorySource names a key.
import { readVex } from '../vex/index.ts'
import type { FeedFormat } from './feed-format.ts'

export const vex: FeedFormat = {
  name: 'vex',
  brief: 'VEX documents: OpenVEX, CycloneDX or CSAF',
  read: ({ name, bytes }) => {
    const statements = readVex(bytes, name)
    const time = Math.max(...statements.map(statement => statement.time))
    return { statements, ...(Number.isFinite(time) && { time }) }
  },
}
