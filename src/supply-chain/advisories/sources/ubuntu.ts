// Ubuntu's vulnerability data (github.com/canonical/ubuntu-security-notices, osv/), which has the form of OSV.
import type { FeedFormat } from './feed-format.ts'
import { osv } from './osv.ts'

export const ubuntu: FeedFormat = { name: 'ubuntu', brief: "Ubuntu's OSV records, a folder or an archive of them", read: osv.read }
