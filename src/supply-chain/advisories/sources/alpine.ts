// Alpine's secdb (secdb.alpinelinux.org): fixed versions of source packages, one file per release and repository.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../../oci/bounded-json.ts'
import { compareApkVersions } from '../../versions/apk.ts'
import { type Advisory, cvesAmong } from '../advisory.ts'
import { ecosystemOfRelease } from '../ecosystems.ts'
import { listAt, membersAt, objectAt, textAt, textsAt } from '../record-fields.ts'
import { type FeedFormat, maxDocumentBytes } from './feed-format.ts'

/** By the name of the file's distribution; Wolfi and Chainguard publish in the same form. */
const distributions: Readonly<Record<string, string>> = { edge: 'edge', wolfi: 'wolfi', chainguard: 'chainguard' }

export const alpine: FeedFormat = {
  name: 'alpine',
  brief: "JSON of Alpine's secdb, or a folder of them",
  read: ({ name, bytes }) => {
    const file = objectAt(parseBoundedJson(bytes, maxDocumentBytes, `"${name}"`), `"${name}"`)
    const ecosystem = ecosystemOf(file['distroversion'], `"${name}": distroversion`)
    return { advisories: ecosystem === undefined ? [] : advisories(file['packages'], ecosystem, `"${name}": packages`) }
  },
}

/** undefined for edge, which has no release of its own. */
function ecosystemOf(value: unknown, where: string): string | undefined {
  const text = textAt(value, where)
  const known = Object.hasOwn(distributions, text) ? distributions[text] : undefined
  if (known !== undefined) return known === 'edge' ? undefined : known
  const ecosystem = ecosystemOfRelease({ id: 'alpine', version: text.replace(/^v/, '') })
  if (ecosystem === undefined) throw new UserError(`${where} must be as v3.20, got ${writeJson(text)}`)
  return ecosystem
}

function* advisories(value: unknown, ecosystem: string, where: string): Generator<Advisory> {
  for (const [index, item] of listAt(value, where).entries()) {
    const pkg = objectAt(objectAt(item, `${where}[${index}]`)['pkg'], `${where}[${index}].pkg`)
    const name = textAt(pkg['name'], `${where}[${index}].pkg.name`)
    const at = `${where}[${index}] "${name}": secfixes`
    if (pkg['secfixes'] === undefined || pkg['secfixes'] === null) continue
    for (const [version, issues] of membersAt(pkg['secfixes'], at)) {
      // Those of version 0 never applied to a package of Alpine.
      if (version === '0') continue
      if (compareApkVersions(version, version) === undefined)
        throw new UserError(`${at} must have versions of Alpine, got ${writeJson(version)}`)
      // Several ids of the same issue stand in one text, with spaces between.
      for (const text of textsAt(issues, `${at}."${version}"`)) {
        const ids = text.split(' ').filter(id => id !== '')
        const [id = text] = ids
        yield {
          id,
          cves: cvesAmong(ids),
          severity: 'unknown',
          affected: [
            {
              ecosystem,
              name,
              ranges: [
                [
                  ['introduced', '0'],
                  ['fixed', version],
                ],
              ],
              versions: [],
            },
          ],
        }
      }
    }
  }
}
