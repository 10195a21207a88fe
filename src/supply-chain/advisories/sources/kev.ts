// CISA's catalogue of known exploited vulnerabilities (cisa.gov/known-exploited-vulnerabilities-catalog), as JSON.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { isCve } from '../advisory.ts'
import { listAt, objectAt, textAt, timeAt } from '../record-fields.ts'
import { type FeedFormat, maxDocumentBytes } from './feed-format.ts'

export const kev: FeedFormat = {
  name: 'kev',
  brief: "JSON of CISA's known exploited vulnerabilities",
  read: ({ name, bytes }) => {
    const file = objectAt(parseBoundedJson(bytes, maxDocumentBytes, `"${name}"`), `"${name}"`)
    const exploited = listAt(file['vulnerabilities'], `"${name}": vulnerabilities`).map((item, index) => {
      const at = `"${name}": vulnerabilities[${index}]`
      const cve = textAt(objectAt(item, at)['cveID'], `${at}.cveID`)
      if (!isCve(cve)) throw new UserError(`${at}.cveID must be as CVE-2026-1234, got ${writeJson(cve)}`)
      return cve
    })
    return { exploited, time: timeAt(file['dateReleased'], `"${name}": dateReleased`) }
  },
}
