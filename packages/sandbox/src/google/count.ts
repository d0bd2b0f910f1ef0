import type { Body } from '../ask.ts';
import type { Countable } from '../count.ts';
import type { SandboxModel } from '../models.ts';
import { countedContents } from './contents.ts';
import { invalidArgument } from './errors.ts';
import { countedRequest, refuseModel } from './generate-ask.ts';
import { COUNT_REQUEST } from './messages.ts';
import { readMessage } from './proto.ts';

/** `:countTokens`, of contents alone or of a whole request to come. @throws ApiError 400 as the real API does */
export function countedTokens(body: Body, model: SandboxModel): Countable {
  const { model: named, contents, generateContentRequest: request } = readMessage(body, COUNT_REQUEST);
  refuseModel(named, model);
  if (request === undefined) return { messages: countedContents(contents), tools: [] };
  if (contents !== undefined) throw invalidArgument('* CountTokensRequest: only one of contents and generate_content_request may be set\n');
  // The path names the model of this request; the one inside has to name its own.
  if (request.model === undefined) throw invalidArgument('* CountTokensRequest.generate_content_request.model: model is not specified\n');
  refuseModel(request.model, model);
  return countedRequest(request);
}

export function countBody(tokens: number): string {
  return JSON.stringify({ totalTokens: tokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }] });
}
