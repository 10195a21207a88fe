import type { PackageFacts } from '../../../supply-chain/release/part-code.ts'
import { defineCheck, notApplicable, ok, warning } from '../check.ts'

export const packageFiles = defineCheck<PackageFacts | undefined>({
  id: 'package-files',
  group: 'Programs',
  title: "Bulkhead's own files",
  reads: 'what the running "up" verified before its start',
  read: ({ up }) => up?.package,
  evaluate(facts) {
    if (facts === undefined) return notApplicable('nothing runs, or from a clone, which has no manifest')
    const text = `${facts.version}, ${facts.files} files, key ${facts.keyId}`
    return facts.build === 'release'
      ? ok(text)
      : warning(
          `${text}: a development build proves that nothing changed, not by whom it was made`,
          'bulkhead verify package --key release.pub DIR',
        )
  },
})
