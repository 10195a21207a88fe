// The thread that parses one large OpenAPI document.
import { type OpenApiText, openApiText } from '../../../api/schema/openapi-text.ts'
import { answerWork } from '../../../base/thread-work.ts'
import type { OpenApiWork } from './openapi-reader.ts'

answerWork<OpenApiWork, OpenApiText | undefined>(
  ({ body, request }) => openApiText(body, request),
  text => (text === undefined ? [] : [text.paths.text, text.definitions.text, text.v3]),
)
