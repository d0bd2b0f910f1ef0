import type { Reported } from '../report.ts';

/** The usage object of chat completions. */
export function chatUsage(reported: Reported) {
  return {
    prompt_tokens: reported.input,
    completion_tokens: reported.output,
    total_tokens: reported.total,
    prompt_tokens_details: { cached_tokens: reported.cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reported.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** The usage object of responses. */
export function responsesUsage(reported: Reported) {
  return {
    input_tokens: reported.input,
    input_tokens_details: { cached_tokens: reported.cached },
    output_tokens: reported.output,
    output_tokens_details: { reasoning_tokens: reported.reasoning },
    total_tokens: reported.total,
  };
}
