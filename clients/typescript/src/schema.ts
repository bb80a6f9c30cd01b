/** Types of openapi/openapi.json (SHA-256 296ff65d6e5f5c3089c96a0be20620c7d75787503626a388756aedea3c6522b0), written by `npm run openapi`. */

export interface paths {
    "/aggregators": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Aggregators: reduce, merge or normalize scores */
        get: operations["listAggregators"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/aggregators/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One aggregator */
        get: operations["getAggregator"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/attribute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Attribute generated tokens to input tokens
         * @description Queues an attribution. Only `model` and `input_texts` (or `messages`) are needed; the model generates where no text is forced.
         *
         *     Bodies of OpenAI's `POST /v1/chat/completions` are taken as they are logged, for chat models: the answer is the last of `messages`, where that is the `assistant`'s, or stands in `choices` beside them; else the model generates, by `max_tokens`, `temperature` and `top_p`. `top_logprobs` is `top_alternatives`. Other fields are listed in `info.ignored_fields` of the result where they change nothing, and refused where they would.
         */
        post: operations["attribute"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/attribute-context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Where an answer came from: sources among documents, or cues in a context
         * @description With `documents` and `query`: which units of the documents each sentence of the answer came from, and by how much its probability drops without them. With `input_context_text` and `input_current_text`: PECoRe, as in the `attribute-context` of Inseq: which tokens of the answer depend on the context, and on which of its tokens.
         */
        post: operations["attributeContext"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List batches, newest first */
        get: operations["listBatches"];
        put?: never;
        /**
         * Attribute a data set: many requests, one a line
         * @description Newline-delimited JSON, up to 100000 lines and 256 MB, each line a request under a `custom_id` of its own. A first line `{"defaults": {…}}` holds fields of the bodies that all lines share. A line that cannot be computed has its own error in the results and leaves the others alone.
         */
        post: operations["createBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far is a batch? */
        get: operations["getBatch"];
        put?: never;
        post?: never;
        /** Cancel a batch if needed, and forget it, its lines and its results */
        delete: operations["deleteBatch"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a batch
         * @description What its lines have come to so far is kept. A batch that has ended stays as it is.
         */
        post: operations["cancelBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a batch as its lines end
         * @description Server-sent events: `progress` with the batch each time that lines have ended, at most a few times a second, and, last, `done` with the batch. A client that comes back gets how it stands.
         */
        get: operations["followBatch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of the lines of a batch, in their order
         * @description Streams each line as soon as it and all before it have ended, as fast as the client reads. A stream that breaks off is not complete: go on with `skip`.
         */
        get: operations["getBatchResults"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Which method to trust: methods compared on given texts
         * @description Attributes the texts by each method, measures its scores by faithfulness metrics beside a random ranking, and ranks the methods by their means. `GET /models/{id}/methods` keeps the numbers, without the texts.
         */
        post: operations["evaluate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/faithfulness-metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics of how far scores can be trusted, with the JSON Schema of their arguments */
        get: operations["listFaithfulnessMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/faithfulness-metrics/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One metric */
        get: operations["getFaithfulnessMetric"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Does this process answer? */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Can this service compute attributions now? */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List jobs, newest first
         * @description `metadata.NAME=TEXT` in the query leaves those whose metadata has this text under this name, as in `/jobs?metadata.team=search`; several must all be there. A page may then be short and still have a `next_cursor`.
         */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far is a job? */
        get: operations["getJob"];
        put?: never;
        post?: never;
        /** Cancel a job if needed, and forget it and its result */
        delete: operations["deleteJob"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a job
         * @description Frees the device within a second. A job that has ended stays as it is.
         */
        post: operations["cancelJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a job as it is computed
         * @description Server-sent events: `progress`, `step` (one generated token's finished column) and, last, `done` with the job. Everything that happened before is replayed first.
         */
        get: operations["followJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/heatmap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The attributions of a finished job as a page
         * @description Without scripts it shows the text, the strongest tokens and small matrices; its script, which is part of it, adds the rest. Where `Accept` prefers `text/html`, as browsers do, a job that is not finished has a page, too (202), which shows how far it is and turns into the result, and problems are told as pages.
         */
        get: operations["getHeatmap"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Repeat a job and compare the results
         * @description Queues the request of a job that succeeded once more, as a job of its own with the same metadata, without its priority and webhook, and computes it whatever results are kept. When it has succeeded, `info.replay.difference` says how far its result is from the first: 0 on the same backend and device.
         */
        post: operations["replayJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The attributions of a finished job */
        get: operations["getResult"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Attribution methods, with the JSON Schema of their arguments */
        get: operations["listMethods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/methods/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One method */
        get: operations["getMethod"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics of this process, the queue and the workers */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that this service has, and which of them are loaded */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One model */
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models/{id}/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Methods ranked by what was measured on a model
         * @description What jobs of `POST /evaluate` measured on this instance: by numbers alone, so that every key may see it. Nothing is said of methods that nobody has evaluated.
         */
        get: operations["getMeasuredMethods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A job that was shared
         * @description Needs no API key. Browsers are sent on to the heatmap.
         */
        get: operations["getShared"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/{token}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a job as it is computed
         * @description Server-sent events: `progress`, `step` (one generated token's finished column) and, last, `done` with the job. Everything that happened before is replayed first.
         */
        get: operations["sharedFollowJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/{token}/heatmap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The attributions of a finished job as a page
         * @description Without scripts it shows the text, the strongest tokens and small matrices; its script, which is part of it, adds the rest. Where `Accept` prefers `text/html`, as browsers do, a job that is not finished has a page, too (202), which shows how far it is and turns into the result, and problems are told as pages.
         */
        get: operations["sharedGetHeatmap"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/{token}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The attributions of a finished job */
        get: operations["sharedGetResult"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is this browser signed in? */
        get: operations["getSession"];
        put?: never;
        /**
         * Sign a browser in with an API key
         * @description Sets a cookie that scripts cannot read, so that pages, pictures and event streams open in the browser. It ends by itself, and with the key. What changes something is then answered to pages of this service alone (`Origin`).
         */
        post: operations["signIn"];
        /**
         * Sign this browser out
         * @description Takes its cookie away. A cookie that somebody copied is valid until it ends or the key is rotated.
         */
        delete: operations["signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/step-functions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What can be attributed, or reported for each token */
        get: operations["listStepFunctions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/step-functions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One step function */
        get: operations["getStepFunction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Jobs, tokens and compute seconds by day, key and model
         * @description A key sees what it used itself, one with the scope `admin` all keys. Kept for 90 days.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @example {
         *       "model": "facts-gpt2",
         *       "input_texts": "The capital of France is"
         *     }
         */
        AttributeRequest: {
            /**
             * @description An id of `GET /models`.
             * @example facts-gpt2
             */
            model: string;
            /**
             * @description One text, or 1 to 64: the prompt, or the source to translate.
             * @example The capital of France is
             */
            input_texts?: string | string[];
            /** @description Chat models, instead of `input_texts`: a conversation or a list of them, rendered by the checkpoint's chat template. */
            messages?: {
                /** @example user */
                role: string;
                /** @description A text, or parts `{"type": "text", "text": …}`, which are joined as they are. */
                content: string | {
                    /** @enum {string} */
                    type: "text";
                    text: string;
                }[];
            }[] | {
                /** @example user */
                role: string;
                /** @description A text, or parts `{"type": "text", "text": …}`, which are joined as they are. */
                content: string | {
                    /** @enum {string} */
                    type: "text";
                    text: string;
                }[];
            }[][];
            /**
             * @description Forced output, one for each input. With decoder-only models each starts with its input text (with `messages` it is the reply alone). null: the model generates.
             * @default null
             * @example The capital of France is Paris
             */
            generated_texts?: (string | string[]) | null;
            /**
             * @description An id of `GET /methods`.
             * @default input_x_gradient
             */
            method?: string;
            /**
             * @description Arguments of the method, by its `args_schema` in `GET /methods`.
             * @default {}
             * @example {}
             */
            method_args?: {
                /** @description Layer methods: one module name (`transformer.h.3.mlp`) or several. */
                target_layer?: string | string[] | null;
            } & {
                [key: string]: unknown;
            };
            /**
             * @description What is attributed: an id of `GET /step-functions`, or `{name, args}`. Contrastive ones take `contrast_targets` in `args`.
             * @default probability
             * @example probability
             */
            attributed_fn?: string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            };
            /**
             * @description Step functions whose value is reported for each generated token.
             * @default []
             * @example [
             *       "probability",
             *       "entropy"
             *     ]
             */
            step_scores?: (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description How many of the most probable tokens to list for each attributed token: what else the model might have said there.
             * @default 0
             */
            top_alternatives?: number;
            /**
             * @description How far to trust the scores: ids of `GET /faithfulness-metrics`, or `{name, args}`; `true`: comprehensiveness and sufficiency. The input of each text is ranked once by its scores, and changed copies are run by this order and by a random one. Left out: none.
             * @default []
             * @example true
             * @example [
             *       "comprehensiveness",
             *       {
             *         "name": "sufficiency",
             *         "args": {
             *           "fraction": 0.5
             *         }
             *       }
             *     ]
             */
            metrics?: boolean | (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description Encoder-decoder only: attribute the target prefix too. Decoder-only models always attribute their prefix.
             * @default false
             */
            attribute_target?: boolean;
            /**
             * @description First attributed target position; negative counts from the end. null: the first generated token.
             * @default null
             */
            attr_pos_start?: number | null;
            /**
             * @description One past the last attributed target position; negative counts from the end. null: the end.
             * @default null
             */
            attr_pos_end?: number | null;
            /**
             * @description Spans of the answer that are attributed as wholes: the sum of the attributed function over the tokens of a span is one output, and the result has a column for each span instead of one for each token. With gradient methods each span costs one pullback. `"sequence"`: all attributed tokens are one span; `"sentences"`, `"words"`, `"tokens"`: each of the answer is one, or `{unit, spans}` names them by UTF-16 `characters` of the answer (`info.continuations`) or by `tokens` (target positions, as attr_pos_start counts them). Characters are widened to whole tokens. There are no `step` events of spans. null: every token is an output of its own.
             * @default null
             * @example sequence
             * @example {
             *       "unit": "characters",
             *       "spans": [
             *         [
             *           0,
             *           12
             *         ]
             *       ]
             *     }
             */
            target_spans?: ("tokens" | "words" | "sentences" | "sequence") | {
                /** @enum {unknown} */
                unit: "characters" | "tokens" | "words" | "sentences" | "sequence";
                /** @description Of `characters` and `tokens`: [start, end) of each, ascending and without overlap; one list for all texts, or a list of such lists, one for each. */
                spans?: number[][] | number[][][];
                /** @description Of `words` and `sentences`: language of the answer (BCP 47). Left out: any. */
                locale?: string;
            } | null;
            /**
             * @description Whether the end-of-sequence token, too, is replaced in baselines.
             * @default false
             */
            include_eos_baseline?: boolean;
            /**
             * @description How the model generates. What is left out is as `generation_config.json` of the checkpoint says (which never switches sampling on), else greedy search: `info.generation_config` lists it. Without effect, and not refused, where the texts are forced.
             * @default {}
             */
            generation_args?: {
                /**
                 * @description Most tokens to generate. Left out: 20, or fewer where the checkpoint says so or the model has no room for more.
                 * @example 20
                 */
                max_new_tokens?: number;
                /** @description Tokens before the end of the sequence is allowed. Left out: the checkpoint's, else 0. */
                min_new_tokens?: number;
                /** @description Beams of beam search; 1 is greedy search. Left out: the checkpoint's, else 1. */
                num_beams?: number;
                /** @description Beam search divides a beam's log-probability by its length to this power: above 0 favours long texts. Left out: the checkpoint's, else 1. */
                length_penalty?: number;
                /** @description Beam search ends with as many finished beams as it has beams (true), when a better one is unlikely (false) or impossible ("never"). Left out: the checkpoint's, else false. */
                early_stopping?: boolean | "never";
                /**
                 * @description Sample (by `seed`) instead of taking the likeliest token, or with `num_beams` the likeliest beams.
                 * @default false
                 */
                do_sample?: boolean;
                /** @description Divides the logits before sampling; needs `do_sample`. Left out: the checkpoint's, else 1. */
                temperature?: number;
                /** @description Sample among the k likeliest tokens; 0: all. Needs `do_sample`. Left out: the checkpoint's, else 50. */
                top_k?: number;
                /** @description Sample among the likeliest tokens that hold this probability; needs `do_sample`. Left out: the checkpoint's, else 1. */
                top_p?: number;
                /** @description Above 1: makes repeated tokens less likely. Left out: the checkpoint's, else 1. */
                repetition_penalty?: number;
                /** @description Above 1: makes tokens of the input likelier. Left out: the checkpoint's, else 1. */
                encoder_repetition_penalty?: number;
                /** @description No n-gram of this size occurs twice; 0: off. Left out: the checkpoint's, else 0. */
                no_repeat_ngram_size?: number;
                /** @description No n-gram of this size of the input is generated; 0: off. Left out: the checkpoint's, else 0. */
                encoder_no_repeat_ngram_size?: number;
                /** @description Sequences of token ids that are not generated. Left out: the checkpoint's. */
                bad_words_ids?: number[][];
                /** @description Token ids that are not generated. Left out: the checkpoint's. */
                suppress_tokens?: number[];
                /** @description Token ids that are not generated first. Left out: the checkpoint's. */
                begin_suppress_tokens?: number[];
            };
            /**
             * @description Multilingual models: language code of the input. null: the model's own.
             * @default null
             */
            src_lang?: string | null;
            /**
             * @description Multilingual models: language code of the output; it becomes the forced first token, or stands in front of the source (Marian). null: the model's own.
             * @default null
             */
            tgt_lang?: string | null;
            /**
             * @description Encode the texts without special tokens.
             * @default false
             */
            skip_special_tokens?: boolean;
            /**
             * @description Show tokens without the tokenizer's marks (`▁`, `Ġ`).
             * @default false
             */
            clean_special_chars?: boolean;
            /**
             * @description Chain of aggregators of `GET /aggregators`; `[]`: raw scores. Left out: the method's default.
             * @example [
             *       "scores"
             *     ]
             */
            aggregators?: (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description The same request and seed gives the same result.
             * @default 42
             */
            seed?: number;
            /**
             * @description Of the jobs of one key those with the highest priority are computed first; jobs of other keys are neither held up nor overtaken by it. Above 0 it needs a key with the scope `admin`, where the service asks for keys.
             * @default 0
             */
            priority?: number;
            /**
             * @description Where the finished job is posted.
             * @default null
             */
            webhook?: {
                /** @description http or https; receives the finished Job by POST. */
                url: string;
                /** @description Key of the HMAC-SHA256 signature that the delivery carries. */
                secret?: string;
            } | null;
            /**
             * @description Up to 16 short texts by name, to find the job again: kept with it, in its result and in its webhook. `GET /jobs?metadata.NAME=TEXT` lists those that have it.
             * @default null
             * @example {
             *       "team": "search",
             *       "run": "17"
             *     }
             */
            metadata?: {
                [key: string]: string;
            } | null;
        };
        /**
         * @example {
         *       "model": "facts-gpt2",
         *       "input_context_text": "The capital of Peru is Lima.",
         *       "input_current_text": "The capital of France is"
         *     }
         */
        AttributeContextRequest: {
            /**
             * @description An id of `GET /models`.
             * @example facts-gpt2
             */
            model: string;
            /** @description What the answer may come from. They and `query` (or `messages`) take the place of `input_context_text` and `input_current_text`. */
            documents?: {
                /** @description Names it in the result. Left out: its place, from 0. */
                id?: string;
                /** @description Put above the text; no unit of its own. */
                title?: string;
                text: string;
            }[];
            /** @description The question about `documents`. */
            query?: string;
            /** @description Chat models, instead of `query`: a conversation whose last message asks about `documents`, which are put in front of it and rendered by the checkpoint's chat template. */
            messages?: {
                /** @example user */
                role: string;
                /** @description A text, or parts `{"type": "text", "text": …}`, which are joined as they are. */
                content: string | {
                    /** @enum {string} */
                    type: "text";
                    text: string;
                }[];
            }[];
            /**
             * @description How documents and query make the prompt: holds `{documents}` and `{query}`; documents stand below each other with a blank line between. Left out: `{documents}`, a blank line, `{query}`.
             * @example Context: {documents}
             *
             *     Question: {query}
             *     Answer:
             */
            template?: string;
            /**
             * @description With `documents`. `ablation` (the default): ContextCite, a sparse linear model of how random ablations change the answer; `leave_one_out`: each unit left out once; `pecore`: context-sensitive tokens, then their cues; `tokens`: the scores of `method`, summed over units.
             * @enum {unknown}
             */
            approach?: "ablation" | "leave_one_out" | "pecore" | "tokens";
            /**
             * @description What is scored of the documents: each `document`, `paragraph` (parted by blank lines), `sentence` or `token`, or spans of characters; spans must not overlap, and what lies outside of them is never left out.
             * @default sentence
             */
            unit?: ("document" | "paragraph" | "sentence" | "token") | {
                /** @description Which document, from 0. */
                document: number;
                /** @description First character (UTF-16 unit) of its text. */
                start: number;
                /** @description One past the last. */
                end: number;
            }[];
            /**
             * @description Language by whose rules sentences are told apart (BCP 47). null: as in English.
             * @default null
             * @example en
             */
            language?: string | null;
            /**
             * @description Spans [start, end) of characters of the answer that get a citation of their own, beside its sentences.
             * @default []
             */
            answer_spans?: number[][];
            /**
             * @description `ablation`, `leave_one_out` and `support`: a unit is cut out of the text, so that what follows moves up, or its tokens are replaced by the model's unknown token and everything stays where it is.
             * @default remove
             * @enum {unknown}
             */
            perturbation?: "remove" | "replace";
            /**
             * @description `ablation`: random ablations that the surrogate is fitted to.
             * @default 64
             */
            num_ablations?: number;
            /**
             * @description `ablation`: further ones that tell how well it predicts; 0: none.
             * @default 16
             */
            held_out_ablations?: number;
            /**
             * @description `ablation`: probability that a unit is kept.
             * @default 0.5
             */
            ablation_keep_prob?: number;
            /**
             * @description `ablation`: weight of the L1 penalty of the surrogate; larger gives fewer sources.
             * @default 0.01
             */
            lasso_alpha?: number;
            /**
             * @description `leave_one_out`: the drop of the log-probability of the cited tokens in nats, or the Jensen-Shannon divergence of their predictions in nats (ARC-JSD), summed over tokens.
             * @default log_probability
             * @enum {unknown}
             */
            divergence?: "log_probability" | "jensen_shannon";
            /**
             * @description Least `support` of a citation that has sources: by how much its log-probability drops, in nats, when all documents are left out.
             * @default 1
             */
            support_threshold?: number;
            /**
             * @description Most sources of a citation; the matrix has all units.
             * @default 5
             */
            top_sources?: number;
            /**
             * @description `tokens` and `pecore`: give the scores of tokens beneath those of units, too.
             * @default false
             */
            return_token_scores?: boolean;
            /** @description The context of the input. */
            input_context_text?: string;
            /** @description The input whose output is explained; needed where there are no `documents`. */
            input_current_text?: string;
            /**
             * @description Context on the side of the output: a target-side prefix of encoder-decoders, or what a decoder-only model wrote before, such as its reasoning.
             * @default null
             */
            output_context_text?: string | null;
            /**
             * @description The answer whose tokens are explained, forced. null: the model generates it.
             * @default null
             */
            output_current_text?: string | null;
            /**
             * @description How `{context}` and `{current}` make the input. Left out: `{context} {current}`, or `{current}` without a context.
             * @example {context} {current}
             */
            input_template?: string;
            /**
             * @description The same for the output; `{context}` stands before `{current}`. Left out: `{context} {current}`, or `{current}`.
             * @example {current}
             */
            output_template?: string;
            /**
             * @description The input without context, to compare with; holds `{current}`. Left out: `{current}`.
             * @example {current}
             */
            contextless_input_current_text?: string;
            /**
             * @description The output without context, to compare with; holds `{current}`. Left out: `{current}`.
             * @example {current}
             */
            contextless_output_current_text?: string;
            /**
             * @description Decoder-only models: stands between input and output where neither brings it.
             * @default
             */
            decoder_input_output_separator?: string;
            /**
             * @description Special tokens that stay in texts and counts, such as a separator of the context.
             * @default []
             */
            special_tokens_to_keep?: string[];
            /**
             * @description Contrastive `attributed_fn`: for each flagged token, in the order of their scores, what the contextless output would have said. Left out: the likeliest token without context.
             * @default []
             */
            contextless_output_next_tokens?: string[];
            /**
             * @description A contrastive step function: how much a token depends on the context.
             * @default kl_divergence
             */
            context_sensitivity_metric?: string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            };
            /**
             * @description Tokens are flagged whose absolute metric is at least the mean plus so many standard deviations. null: all.
             * @default 1
             */
            context_sensitivity_std_threshold?: number | null;
            /**
             * @description Of these at most so many. null: five.
             * @default null
             */
            context_sensitivity_topk?: number | null;
            /**
             * @description The same for cues: which tokens of the context the text format names for each flagged token. Scores are told of all.
             * @default 1
             */
            attribution_std_threshold?: number | null;
            /**
             * @description Of these at most so many. null: five.
             * @default null
             */
            attribution_topk?: number | null;
            /**
             * @description `pecore` and `tokens`: an id of `GET /methods`.
             * @default saliency
             */
            method?: string;
            /**
             * @description Arguments of the method.
             * @default {}
             */
            method_args?: {
                [key: string]: unknown;
            };
            /**
             * @description What is attributed. Contrastive ones compare with the contextless output.
             * @default probability
             */
            attributed_fn?: string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            };
            /** @description Chain that makes one score of each pair of tokens. Left out: the method's default. */
            aggregators?: (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description Scores of each token sum to 1 over everything before it. As in Inseq, off here.
             * @default false
             */
            normalize_attributions?: boolean;
            /**
             * @description Scores are divided by the largest; not together with `normalize_attributions`.
             * @default false
             */
            rescale_attributions?: boolean;
            /**
             * @description How the model generates. What is left out is as `generation_config.json` of the checkpoint says (which never switches sampling on), else greedy search: `info.generation_config` lists it. Without effect, and not refused, where the texts are forced.
             * @default {}
             */
            generation_args?: {
                /**
                 * @description Most tokens to generate. Left out: 20, or fewer where the checkpoint says so or the model has no room for more.
                 * @example 20
                 */
                max_new_tokens?: number;
                /** @description Tokens before the end of the sequence is allowed. Left out: the checkpoint's, else 0. */
                min_new_tokens?: number;
                /** @description Beams of beam search; 1 is greedy search. Left out: the checkpoint's, else 1. */
                num_beams?: number;
                /** @description Beam search divides a beam's log-probability by its length to this power: above 0 favours long texts. Left out: the checkpoint's, else 1. */
                length_penalty?: number;
                /** @description Beam search ends with as many finished beams as it has beams (true), when a better one is unlikely (false) or impossible ("never"). Left out: the checkpoint's, else false. */
                early_stopping?: boolean | "never";
                /**
                 * @description Sample (by `seed`) instead of taking the likeliest token, or with `num_beams` the likeliest beams.
                 * @default false
                 */
                do_sample?: boolean;
                /** @description Divides the logits before sampling; needs `do_sample`. Left out: the checkpoint's, else 1. */
                temperature?: number;
                /** @description Sample among the k likeliest tokens; 0: all. Needs `do_sample`. Left out: the checkpoint's, else 50. */
                top_k?: number;
                /** @description Sample among the likeliest tokens that hold this probability; needs `do_sample`. Left out: the checkpoint's, else 1. */
                top_p?: number;
                /** @description Above 1: makes repeated tokens less likely. Left out: the checkpoint's, else 1. */
                repetition_penalty?: number;
                /** @description Above 1: makes tokens of the input likelier. Left out: the checkpoint's, else 1. */
                encoder_repetition_penalty?: number;
                /** @description No n-gram of this size occurs twice; 0: off. Left out: the checkpoint's, else 0. */
                no_repeat_ngram_size?: number;
                /** @description No n-gram of this size of the input is generated; 0: off. Left out: the checkpoint's, else 0. */
                encoder_no_repeat_ngram_size?: number;
                /** @description Sequences of token ids that are not generated. Left out: the checkpoint's. */
                bad_words_ids?: number[][];
                /** @description Token ids that are not generated. Left out: the checkpoint's. */
                suppress_tokens?: number[];
                /** @description Token ids that are not generated first. Left out: the checkpoint's. */
                begin_suppress_tokens?: number[];
            };
            /**
             * @description Multilingual models: language code of the input. null: the model's own.
             * @default null
             */
            src_lang?: string | null;
            /**
             * @description Multilingual models: language code of the output. null: the model's own.
             * @default null
             */
            tgt_lang?: string | null;
            /**
             * @description The same request and seed gives the same result.
             * @default 42
             */
            seed?: number;
            /**
             * @description Of the jobs of one key those with the highest priority are computed first; jobs of other keys are neither held up nor overtaken by it. Above 0 it needs a key with the scope `admin`, where the service asks for keys.
             * @default 0
             */
            priority?: number;
            /**
             * @description Where the finished job is posted.
             * @default null
             */
            webhook?: {
                /** @description http or https; receives the finished Job by POST. */
                url: string;
                /** @description Key of the HMAC-SHA256 signature that the delivery carries. */
                secret?: string;
            } | null;
            /**
             * @description Up to 16 short texts by name, to find the job again: kept with it, in its result and in its webhook. `GET /jobs?metadata.NAME=TEXT` lists those that have it.
             * @default null
             * @example {
             *       "team": "search",
             *       "run": "17"
             *     }
             */
            metadata?: {
                [key: string]: string;
            } | null;
        };
        /**
         * @example {
         *       "model": "facts-gpt2",
         *       "input_texts": [
         *         "The capital of France is",
         *         "The capital of Italy is"
         *       ]
         *     }
         */
        EvaluateRequest: {
            /**
             * @description An id of `GET /models`.
             * @example facts-gpt2
             */
            model: string;
            /**
             * @description One text, or 1 to 64: prompts, or sources to translate. Intervals need two or more.
             * @example [
             *       "The capital of France is",
             *       "The capital of Italy is"
             *     ]
             */
            input_texts: string | string[];
            /**
             * @description Forced outputs as in `POST /attribute`; null: the model generates, once for all methods.
             * @default null
             */
            generated_texts?: (string | string[]) | null;
            /**
             * @description Ids of `GET /methods`, or `{name, args}`. Left out: those of few passes that the model can run (attention, deeplift, input_x_gradient, occlusion, saliency).
             * @example [
             *       "saliency",
             *       {
             *         "name": "integrated_gradients",
             *         "args": {
             *           "n_steps": 20
             *         }
             *       }
             *     ]
             */
            methods?: (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description Ids of `GET /faithfulness-metrics`, or `{name, args}`.
             * @default [
             *       "comprehensiveness",
             *       "sufficiency"
             *     ]
             */
            metrics?: (string | {
                name: string;
                /** @default {} */
                args?: {
                    [key: string]: unknown;
                };
            })[];
            /**
             * @description Encoder-decoder only: the target prefix is attributed and ranked, too.
             * @default false
             */
            attribute_target?: boolean;
            /**
             * @description How the model generates. What is left out is as `generation_config.json` of the checkpoint says (which never switches sampling on), else greedy search: `info.generation_config` lists it. Without effect, and not refused, where the texts are forced.
             * @default {}
             */
            generation_args?: {
                /**
                 * @description Most tokens to generate. Left out: 20, or fewer where the checkpoint says so or the model has no room for more.
                 * @example 20
                 */
                max_new_tokens?: number;
                /** @description Tokens before the end of the sequence is allowed. Left out: the checkpoint's, else 0. */
                min_new_tokens?: number;
                /** @description Beams of beam search; 1 is greedy search. Left out: the checkpoint's, else 1. */
                num_beams?: number;
                /** @description Beam search divides a beam's log-probability by its length to this power: above 0 favours long texts. Left out: the checkpoint's, else 1. */
                length_penalty?: number;
                /** @description Beam search ends with as many finished beams as it has beams (true), when a better one is unlikely (false) or impossible ("never"). Left out: the checkpoint's, else false. */
                early_stopping?: boolean | "never";
                /**
                 * @description Sample (by `seed`) instead of taking the likeliest token, or with `num_beams` the likeliest beams.
                 * @default false
                 */
                do_sample?: boolean;
                /** @description Divides the logits before sampling; needs `do_sample`. Left out: the checkpoint's, else 1. */
                temperature?: number;
                /** @description Sample among the k likeliest tokens; 0: all. Needs `do_sample`. Left out: the checkpoint's, else 50. */
                top_k?: number;
                /** @description Sample among the likeliest tokens that hold this probability; needs `do_sample`. Left out: the checkpoint's, else 1. */
                top_p?: number;
                /** @description Above 1: makes repeated tokens less likely. Left out: the checkpoint's, else 1. */
                repetition_penalty?: number;
                /** @description Above 1: makes tokens of the input likelier. Left out: the checkpoint's, else 1. */
                encoder_repetition_penalty?: number;
                /** @description No n-gram of this size occurs twice; 0: off. Left out: the checkpoint's, else 0. */
                no_repeat_ngram_size?: number;
                /** @description No n-gram of this size of the input is generated; 0: off. Left out: the checkpoint's, else 0. */
                encoder_no_repeat_ngram_size?: number;
                /** @description Sequences of token ids that are not generated. Left out: the checkpoint's. */
                bad_words_ids?: number[][];
                /** @description Token ids that are not generated. Left out: the checkpoint's. */
                suppress_tokens?: number[];
                /** @description Token ids that are not generated first. Left out: the checkpoint's. */
                begin_suppress_tokens?: number[];
            };
            /**
             * @description Multilingual models: language code of the input. null: the model's own.
             * @default null
             */
            src_lang?: string | null;
            /**
             * @description Multilingual models: language code of the output. null: the model's own.
             * @default null
             */
            tgt_lang?: string | null;
            /**
             * @description The same request and seed gives the same result.
             * @default 42
             */
            seed?: number;
            /**
             * @description Of the jobs of one key those with the highest priority are computed first; jobs of other keys are neither held up nor overtaken by it. Above 0 it needs a key with the scope `admin`, where the service asks for keys.
             * @default 0
             */
            priority?: number;
            /**
             * @description Where the finished job is posted.
             * @default null
             */
            webhook?: {
                /** @description http or https; receives the finished Job by POST. */
                url: string;
                /** @description Key of the HMAC-SHA256 signature that the delivery carries. */
                secret?: string;
            } | null;
            /**
             * @description Up to 16 short texts by name, to find the job again: kept with it, in its result and in its webhook. `GET /jobs?metadata.NAME=TEXT` lists those that have it.
             * @default null
             * @example {
             *       "team": "search",
             *       "run": "17"
             *     }
             */
            metadata?: {
                [key: string]: string;
            } | null;
        };
        /**
         * @example {
         *       "phase": "attributing",
         *       "completed": 3,
         *       "total": 12,
         *       "fraction": 0.25,
         *       "seconds_left": 1.8
         *     }
         */
        Progress: {
            /** @enum {unknown} */
            phase: "queued" | "loading" | "generating" | "attributing" | "done";
            /** @description Units of work done in this phase. */
            completed: number;
            /** @description Units of work of this phase; 0: not known yet. */
            total: number;
            /** @description `completed / total`. */
            fraction: number;
            /** @description That the running job will still compute, as of its last progress: by its quote, then by how fast it gets on. Left out where nobody can tell. */
            seconds_left?: number;
        };
        /**
         * @example {
         *       "code": "worker_lost",
         *       "message": "The worker ended three times while computing this job.",
         *       "pointer": null
         *     }
         */
        JobError: {
            /**
             * @description Machine-readable, stable.
             * @example worker_lost
             */
            code: string;
            /** @description For the person who made the request. */
            message: string;
            /** @description JSON pointer of the field at fault, where there is one. */
            pointer: string | null;
        };
        /**
         * @example {
         *       "same_text": true,
         *       "scores": {
         *         "absolute": 0,
         *         "relative": 0
         *       },
         *       "step_scores": {
         *         "absolute": 0,
         *         "relative": 0
         *       }
         *     }
         */
        Difference: {
            /** @description Whether the texts are the same, given or generated. */
            same_text: boolean;
            /** @description Largest difference of any score; null: they cannot be paired, as texts or lengths differ. */
            scores: {
                absolute: number;
                /** @description To the larger of both numbers. */
                relative: number;
            } | null;
            /** @description Largest difference of any step score; null: they cannot be paired, as texts or lengths differ. */
            step_scores: {
                absolute: number;
                /** @description To the larger of both numbers. */
                relative: number;
            } | null;
        };
        /**
         * @example {
         *       "id": "k3v9",
         *       "kind": "attribute",
         *       "status": "queued",
         *       "model": "facts-gpt2",
         *       "method": "input_x_gradient",
         *       "created_at": "2026-03-01T12:00:00.000Z",
         *       "started_at": null,
         *       "finished_at": null,
         *       "queue_position": 0,
         *       "progress": {
         *         "phase": "queued",
         *         "completed": 0,
         *         "total": 0,
         *         "fraction": 0
         *       },
         *       "error": null,
         *       "failed_texts": 0,
         *       "metadata": {
         *         "team": "search"
         *       },
         *       "info": {
         *         "cached": false
         *       },
         *       "links": {
         *         "self": "/jobs/k3v9",
         *         "result": "/jobs/k3v9/result",
         *         "events": "/jobs/k3v9/events",
         *         "heatmap": "/jobs/k3v9/heatmap",
         *         "share": "/s/dGg0.cXk"
         *       }
         *     }
         */
        Job: {
            /**
             * @description Unguessable.
             * @example k3v9
             */
            id: string;
            /**
             * @description What it computes: the route that it was sent to.
             * @enum {unknown}
             */
            kind: "attribute" | "attribute-context" | "evaluate";
            /**
             * @description `succeeded`, `failed` and `canceled` are final.
             * @example running
             * @enum {unknown}
             */
            status: "queued" | "running" | "succeeded" | "failed" | "canceled";
            /** @example facts-gpt2 */
            model: string;
            /**
             * @description The method, or the approach that needs none.
             * @example input_x_gradient
             */
            method: string;
            /**
             * Format: date-time
             * @description When it was accepted.
             * @example 2026-03-01T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            finished_at: string | null;
            /** @description Jobs in front of it; 0 when it is next or runs; null when it has ended. */
            queue_position: number | null;
            progress: components["schemas"]["Progress"];
            /** @description Why it failed. A job of several texts fails only where all of them did. */
            error: components["schemas"]["JobError"] | null;
            /** @description Texts of a job that succeeded which failed: `error` of their sequences in the result says why. */
            failed_texts: number;
            /** @description What the request called its job. */
            metadata: {
                [key: string]: string;
            };
            /** @description How it came to its result. */
            info: {
                /** @description Whether it was given the result of an earlier request for the same; then it has no `step` events. */
                cached: boolean;
                /** @description A replay of another job. */
                replay?: {
                    /**
                     * @description The job that it repeats.
                     * @example k3v9
                     */
                    of: string;
                    /** @description From that job's result; null as long as it has not succeeded, or where that result was gone then. */
                    difference: components["schemas"]["Difference"] | null;
                };
            };
            links: {
                /** @example /jobs/k3v9 */
                self: string;
                /** @example /jobs/k3v9/result */
                result: string;
                /** @example /jobs/k3v9/events */
                events: string;
                /** @example /jobs/k3v9/heatmap */
                heatmap: string;
                /**
                 * @description A link for others, to read this job without an API key. It ends by itself, with the key that the request was made with, and with the job. Webhooks have none, nor have keys without the scope `read`.
                 * @example /s/dGg0.cXk
                 */
                share?: string;
            };
        };
        JobList: {
            jobs: components["schemas"]["Job"][];
            /** @description Give it as `cursor` to read on; null: the last page. */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "id": "b7x2",
         *       "status": "running",
         *       "created_at": "2026-03-01T12:00:00.000Z",
         *       "started_at": "2026-03-01T12:00:00.200Z",
         *       "finished_at": null,
         *       "estimated_end": "2026-03-01T12:00:25.200Z",
         *       "counts": {
         *         "total": 500,
         *         "queued": 396,
         *         "running": 4,
         *         "succeeded": 99,
         *         "failed": 1,
         *         "canceled": 0
         *       },
         *       "progress": {
         *         "completed": 100,
         *         "total": 500,
         *         "fraction": 0.2
         *       },
         *       "links": {
         *         "self": "/batches/b7x2",
         *         "results": "/batches/b7x2/results",
         *         "events": "/batches/b7x2/events",
         *         "cancel": "/batches/b7x2/cancel"
         *       }
         *     }
         */
        Batch: {
            /**
             * @description Unguessable.
             * @example b7x2
             */
            id: string;
            /**
             * @description `completed` (every line has ended, well or badly) and `canceled` are final.
             * @example running
             * @enum {unknown}
             */
            status: "queued" | "running" | "completed" | "canceled";
            /**
             * Format: date-time
             * @description When it was accepted.
             * @example 2026-03-01T12:00:00.000Z
             */
            created_at: string;
            started_at: string | null;
            finished_at: string | null;
            /** @description null: not known yet, or it has ended. */
            estimated_end: string | null;
            /** @description Lines by status. */
            counts: {
                /** @description All lines. */
                total: number;
                /** @description Lines that wait. */
                queued: number;
                /** @description Lines that are computed now. */
                running: number;
                /** @description Lines that have a result. */
                succeeded: number;
                /** @description Lines that have an error. */
                failed: number;
                /** @description Lines that were not computed, because the batch was canceled. */
                canceled: number;
            };
            progress: {
                /** @description Lines that have ended. */
                completed: number;
                /** @description All lines. */
                total: number;
                fraction: number;
            };
            links: {
                /** @example /batches/b7x2 */
                self: string;
                /** @example /batches/b7x2/results */
                results: string;
                /** @example /batches/b7x2/events */
                events: string;
                /** @example /batches/b7x2/cancel */
                cancel: string;
            };
        };
        BatchList: {
            batches: components["schemas"]["Batch"][];
            /** @description Give it as `cursor` to read on; null: the last page. */
            next_cursor: string | null;
        };
        BatchLine: {
            /**
             * @description Names the line in the results; each occurs once in a batch.
             * @example question-17
             */
            custom_id: string;
            /**
             * @description As OpenAI's lines have it; may be left out.
             * @enum {string}
             */
            method?: "POST";
            /**
             * @description Which request it is. Default: `/attribute`.
             * @enum {unknown}
             */
            url?: "/attribute" | "/attribute-context";
            /**
             * @description The body of that request; fields that it leaves out and that the request has are those of `defaults`.
             * @example {
             *       "model": "facts-gpt2",
             *       "input_texts": "The capital of France is"
             *     }
             */
            body: {
                [key: string]: unknown;
            };
        };
        /**
         * @example {
         *       "id": 464,
         *       "token": "The",
         *       "start": 0,
         *       "end": 3
         *     }
         */
        ResultToken: {
            /** @description Id in the model's vocabulary; -1 where an aggregator joined several tokens. */
            id: number;
            token: string;
            /** @description First character in the text (UTF-16 units); null for special tokens. */
            start: number | null;
            /** @description One past its last character; null for special tokens. */
            end: number | null;
            /** @description Chat models: the role whose message the token belongs to. */
            role?: string;
            /** @description True where the token was not chosen by the model: a forced language code. */
            forced?: boolean;
            /** @description Attributed tokens of contrastive requests: the token of the contrast text that this one was compared with, by the attributed function, or else by the first contrastive step score. `info.contrasts` has them all. */
            contrast?: {
                id: number;
                token: string;
                /** @description In the contrast text, counted in tokens. */
                position: number;
            };
        };
        TargetSpan: {
            /** @description First character of the answer (`info.continuations`, UTF-16 units). */
            start: number;
            /** @description One past the last. */
            end: number;
            /** @description What the answer has there. */
            text: string;
            /** @description Target position of its first token. */
            attr_pos_start: number;
            /** @description One past the last. */
            attr_pos_end: number;
            /** @description The attributed function, summed over the tokens of the span: what was attributed. */
            score: number | null;
            /** @description Step scores, summed likewise. */
            step_scores: {
                [key: string]: number | null;
            };
        };
        ResultSequence: {
            /** @description Encoder-decoder: the input. Decoder-only: []. */
            source: components["schemas"]["ResultToken"][];
            /** @description The output; with decoder-only models it starts with the prompt. */
            target: components["schemas"]["ResultToken"][];
            /** @description Target position of the first attributed token. */
            attr_pos_start: number;
            /** @description One past the last. */
            attr_pos_end: number;
            /** @description `[i][t]`: how much source token i counted for target token `attr_pos_start + t`, or for span t of `target_spans`; null for decoder-only models. */
            source_attributions: (number | null | unknown[])[][] | null;
            /** @description `[j][t]`: the same for target token j; null inside where j does not come before that token, or before the last token of that span. */
            target_attributions: (number | null | unknown[])[][] | null;
            /** @description One value for each attributed token. */
            step_scores: {
                [key: string]: (number | null)[];
            };
            /** @description Scores between tokens of the same side, such as encoder self-attention. */
            sequence_scores: {
                [key: string]: (number | null | unknown[])[][];
            };
            /** @description Sum of attributions minus the change of the attributed function, for each attributed token or span. */
            convergence_delta: (number | null)[] | null;
            /** @description Where the request has `target_spans`: the span of each column of the attributions, of `convergence_delta` and of `diagnostics`. `step_scores` and `top_alternatives` stay those of each token. */
            target_spans?: components["schemas"]["TargetSpan"][];
            /**
             * @description For each attributed token the `top_alternatives` most probable tokens, the most probable first; where an aggregator merged tokens, those at the first of them.
             * @example [
             *       [
             *         {
             *           "id": 6342,
             *           "token": "ĠParis",
             *           "probability": 0.93
             *         }
             *       ]
             *     ]
             */
            top_alternatives?: {
                id: number;
                token: string;
                /** @description By the logits as they are, without sampling or penalties. */
                probability: number;
            }[][];
            /** @description Names of the axes after `[token][step]` of raw scores, such as `["layer", "head"]`. */
            axes?: string[];
            /** @description Names along the axis `layer`, where a method was asked for layers. */
            layers?: string[];
            /** @description The method's own diagnostics, such as the R2 of LIME's fit. */
            diagnostics?: {
                [key: string]: unknown;
            };
            /** @description How far to trust the scores of this text; left out where no metrics were asked for. */
            metrics?: {
                /** @description The score of the text as it is, which drops are measured from: the mean over its attributed tokens. */
                unchanged: number | null;
                /** @description Units that were ranked: tokens of the source and of what stands before the first attributed token, without special tokens, or what aggregators merged of them. Their importance is the sum of their scores for all attributed tokens, or for a span, signed; the highest is the most important. */
                units: number;
                /** @description Changed copies that were run; what several metrics or fractions have in common runs once. */
                copies: number;
                /** @description The copies, and the text as it is where no pass of the method or a step function has told its score. */
                forward_passes: number;
                /** @description In the order of the request; `info.metrics.calls` has their arguments. */
                values: {
                    /** @description An id of `GET /faithfulness-metrics`. */
                    name: string;
                    /** @description Which direction is better, by the definition of the metric. */
                    better: "higher" | "lower";
                    /** @description `comprehensiveness`, `aopc_comprehensiveness`: the drop of the score without the most important units (higher is better). `sufficiency`, `aopc_sufficiency`: the drop with these alone (lower is better). `deletion`, `insertion`: the area under the curve in `points` (lower is better; higher is better). `soft_comprehensiveness`, `soft_sufficiency`: shares of the drop when all embeddings are 0 (higher is better for both). null: there is nothing to rank, or the definition divides by 0. */
                    value: number | null;
                    /** @description The same by a random ranking of the same units, drawn by `seed`: what the value has to beat. */
                    random: number | null;
                    /** @description AOPC: the drop at each fraction. Curves: the score at each point. */
                    points?: {
                        /** @description Units that were replaced, or kept, or put back. */
                        units: number;
                        value: number | null;
                        /** @description With as many units of the random ranking. */
                        random: number | null;
                    }[];
                }[];
                /** @description With `target_spans`: of each span, by a ranking of its own and the score of its own tokens, in the order of the sequence's `target_spans`. `unchanged` and `values` of the text are then the means over the spans. */
                spans?: {
                    unchanged: number | null;
                    /** @description In the order of the request; `info.metrics.calls` has their arguments. */
                    values: {
                        /** @description An id of `GET /faithfulness-metrics`. */
                        name: string;
                        /** @description Which direction is better, by the definition of the metric. */
                        better: "higher" | "lower";
                        /** @description `comprehensiveness`, `aopc_comprehensiveness`: the drop of the score without the most important units (higher is better). `sufficiency`, `aopc_sufficiency`: the drop with these alone (lower is better). `deletion`, `insertion`: the area under the curve in `points` (lower is better; higher is better). `soft_comprehensiveness`, `soft_sufficiency`: shares of the drop when all embeddings are 0 (higher is better for both). null: there is nothing to rank, or the definition divides by 0. */
                        value: number | null;
                        /** @description The same by a random ranking of the same units, drawn by `seed`: what the value has to beat. */
                        random: number | null;
                        /** @description AOPC: the drop at each fraction. Curves: the score at each point. */
                        points?: {
                            /** @description Units that were replaced, or kept, or put back. */
                            units: number;
                            value: number | null;
                            /** @description With as many units of the random ranking. */
                            random: number | null;
                        }[];
                    }[];
                }[];
            };
            error?: components["schemas"]["JobError"];
        };
        ResultInfo: {
            model: string;
            /**
             * @description The checkpoint's `model_type`.
             * @example gpt2
             */
            model_type: string;
            /** @description SHA-256 of configuration and weights: tells one checkpoint from another. */
            model_hash: string;
            /** @description SHA-256 of the tokenizer's files. */
            tokenizer_hash: string;
            /** @example int8 */
            quantization: string;
            /** @description int8 models: which activations are outliers, and by row or by batch. */
            int8?: {
                threshold: number;
                outliers: string;
            };
            /** @example tensorflow */
            backend: string;
            /**
             * @description What computed: `cpu`, or the name of the GPU.
             * @example cpu
             */
            device?: string;
            method: string;
            /** @description All effective arguments. */
            method_args: {
                [key: string]: unknown;
            };
            attributed_fn: string;
            /** @description All effective arguments. */
            attributed_fn_args: {
                [key: string]: unknown;
            };
            step_scores: {
                name: string;
                args: {
                    [key: string]: unknown;
                };
            }[];
            /** @description The chain that was applied, whether asked for or the default; []: none, the scores are raw. */
            aggregators: {
                name: string;
                args: {
                    [key: string]: unknown;
                };
            }[] | null;
            /** @description How `metrics` of the sequences were computed, and what they cost. */
            metrics?: {
                /** @description The metrics with all their arguments. */
                calls: {
                    name: string;
                    args: {
                        [key: string]: unknown;
                    };
                }[];
                /**
                 * @description The step function whose mean is the score of a copy: `probability`, or with a contrastive attributed function that function.
                 * @example probability
                 */
                score: string;
                /**
                 * @description The token in place of each replaced one, as in baselines. Soft metrics mask embeddings instead.
                 * @example <|endoftext|>
                 */
                replacement: string | null;
                /** @description Of all texts; `info.forward_passes` counts them, too. */
                forward_passes: number;
                /** @description Seconds in which metrics were computed; texts that run together share them. */
                seconds: number;
                /** @description From the first to the last copy of each text, beside which those of others may have run. */
                sequence_seconds: (number | null)[];
            };
            /** @description What contrastive step functions compared with what. */
            contrasts?: {
                /** @description Which of the sequences. */
                sequence: number;
                step_function: string;
                role: "attributed_fn" | "step_score";
                /** @description `[position in the generated text, position in the contrast text]` of each attributed token. */
                alignments: number[][];
                /** @description The contrast token of each attributed token. */
                contrast_tokens: string[];
                /** @description Each attributed token behind the one that it was compared with, as Inseq writes it: `▁Rome → ▁Paris`. */
                pairs: string[];
            }[];
            /** @description The checkpoint's own wishes for free generation; left out where the text was given. */
            generation_config?: {
                /** @example generation_config.json */
                file: string;
                /** @description What of the file was followed, by its names. */
                applied: {
                    [key: string]: unknown;
                };
                /** @description What was not, each with its `value` and the `reason`. */
                ignored: {
                    [key: string]: unknown;
                };
            };
            /** @description Whether the target prefix was attributed. */
            attribute_target: boolean;
            include_eos_baseline: boolean;
            /** @description How the model generated; null: the texts were forced. */
            generation_args: Record<string, never> | null;
            /** @description Language of the input, whether asked for or the model's own; null: the model names none. */
            src_lang: string | null;
            /** @description Language of the output, whether asked for or the model's own; null: the model names none. */
            tgt_lang: string | null;
            skip_special_tokens: boolean;
            clean_special_chars: boolean;
            /** @description null: `messages` were given. */
            input_texts: string[] | null;
            /** @description The conversations, where they were given in place of `input_texts`. */
            messages?: Record<string, never>[][];
            /** @description The whole outputs, as a request takes them: with decoder-only models each starts with its input text (with `messages` it is the reply alone). null: the text failed before there was one. */
            generated_texts: (string | null)[];
            /** @description The outputs without what was given: what the model added. null: as in `generated_texts`. */
            continuations: (string | null)[];
            seed: number;
            request: components["schemas"]["AttributeRequest"];
            /** @description Fields of a body in OpenAI's shape that changed nothing. */
            ignored_fields?: string[];
            /** @description Seconds that the engine computed. */
            seconds: number;
            /** @description Passes over the whole sequence batch. */
            forward_passes: number;
            backward_passes: number;
            /**
             * @description Of Whence, Node.js, TensorFlow.js (`tfjs`, also called `backend`) and, on the native backend, `libtensorflow`.
             * @example {
             *       "whence": "0.1.0",
             *       "node": "24.0.0",
             *       "backend": "4.22.0",
             *       "tfjs": "4.22.0",
             *       "libtensorflow": "2.9.1"
             *     }
             */
            versions: {
                [key: string]: string;
            };
        } & {
            [key: string]: unknown;
        };
        /**
         * @example {
         *       "job_id": "k3v9",
         *       "sequences": [
         *         {
         *           "source": [],
         *           "target": [
         *             {
         *               "id": 464,
         *               "token": "The",
         *               "start": 0,
         *               "end": 3
         *             },
         *             {
         *               "id": 3139,
         *               "token": "Ġcapital",
         *               "start": 3,
         *               "end": 11
         *             },
         *             {
         *               "id": 286,
         *               "token": "Ġof",
         *               "start": 11,
         *               "end": 14
         *             }
         *           ],
         *           "attr_pos_start": 2,
         *           "attr_pos_end": 3,
         *           "source_attributions": null,
         *           "target_attributions": [
         *             [
         *               0.4
         *             ],
         *             [
         *               0.6
         *             ],
         *             [
         *               null
         *             ]
         *           ],
         *           "step_scores": {
         *             "probability": [
         *               0.9
         *             ]
         *           },
         *           "sequence_scores": {},
         *           "convergence_delta": null
         *         }
         *       ],
         *       "info": {
         *         "model": "facts-gpt2",
         *         "model_type": "gpt2",
         *         "model_hash": "5f1c…",
         *         "tokenizer_hash": "90ab…",
         *         "quantization": "int8",
         *         "int8": {
         *           "threshold": 6,
         *           "outliers": "row"
         *         },
         *         "backend": "tensorflow",
         *         "method": "input_x_gradient",
         *         "method_args": {},
         *         "attributed_fn": "probability",
         *         "attributed_fn_args": {
         *           "logprob": false
         *         },
         *         "step_scores": [
         *           {
         *             "name": "probability",
         *             "args": {
         *               "logprob": false
         *             }
         *           }
         *         ],
         *         "aggregators": [
         *           {
         *             "name": "vnorm",
         *             "args": {
         *               "vnorm_ord": 2,
         *               "normalize": true,
         *               "rescale": false,
         *               "select_idx": null
         *             }
         *           }
         *         ],
         *         "attribute_target": true,
         *         "include_eos_baseline": false,
         *         "generation_args": {
         *           "max_new_tokens": 1
         *         },
         *         "src_lang": null,
         *         "tgt_lang": null,
         *         "skip_special_tokens": false,
         *         "clean_special_chars": false,
         *         "input_texts": [
         *           "The capital"
         *         ],
         *         "generated_texts": [
         *           "The capital of"
         *         ],
         *         "continuations": [
         *           " of"
         *         ],
         *         "seed": 42,
         *         "request": {
         *           "model": "facts-gpt2",
         *           "input_texts": [
         *             "The capital"
         *           ],
         *           "generation_args": {
         *             "max_new_tokens": 1
         *           }
         *         },
         *         "seconds": 0.1,
         *         "forward_passes": 1,
         *         "backward_passes": 1,
         *         "versions": {
         *           "whence": "0.1.0",
         *           "node": "24.0.0",
         *           "backend": "4.22.0",
         *           "tfjs": "4.22.0",
         *           "libtensorflow": "2.9.1"
         *         }
         *       }
         *     }
         */
        Result: {
            job_id: string;
            /** @description What the request called its job. */
            metadata?: {
                [key: string]: string;
            };
            sequences: components["schemas"]["ResultSequence"][];
            info: components["schemas"]["ResultInfo"];
        };
        ContextCues: {
            /** @description Which of `output_current_tokens`. */
            cti_idx: number;
            cti_token: string;
            cti_score: number | null;
            /** @description All that was read, with the token at its end. */
            contextual_output: string;
            /** @description Contrastive `attributed_fn`: the token of the contextless output. */
            contrast_token: string | null;
            /** @description The same without the context, up to that token. */
            contextless_output: string | null;
            /** @description One for each of `input_context_tokens`. */
            input_context_scores: (number | null)[] | null;
            /** @description One for each of `output_context_tokens`. */
            output_context_scores: (number | null)[] | null;
        };
        ContextReliance: {
            input_context: string | null;
            input_context_tokens: string[] | null;
            output_context: string | null;
            output_context_tokens: string[] | null;
            output_current: string;
            output_current_tokens: string[];
            /** @description Context-sensitive token identification: the metric of each of `output_current_tokens`. */
            cti_scores: (number | null)[];
            cti_threshold: number | null;
            /** @description Contextual cues imputation: the flagged tokens, the largest absolute score first. */
            cci_scores: components["schemas"]["ContextCues"][];
        };
        SourceUnit: {
            document_id: string;
            document_index: number;
            /** @description First character (UTF-16 unit) of the document's text. */
            start: number;
            /** @description One past the last. */
            end: number;
            /** @description Exactly these characters. */
            text: string;
        };
        Citation: {
            /** @description First character (UTF-16 unit) of `answer`. */
            start: number;
            /** @description One past the last. */
            end: number;
            text: string;
            log_probability: number | null;
            /** @description By how much its log-probability drops, in nats, when all documents are left out. */
            support: number | null;
            /** @description Whether `support` is below `support_threshold`: then it has no sources. */
            unsupported: boolean;
            /** @description Units that speak for it, the highest score first; none below 0, `top_sources` at most. */
            sources: {
                /** @description Which of `units`. */
                unit: number;
                document_id: string;
                document_index: number;
                start: number;
                end: number;
                text: string;
                score: number;
            }[];
            /** @description `ablation`: how well a linear model of its units tells what ablations do. */
            fit?: {
                /** @description Of the ablations that the surrogate was fitted to. */
                r2: number | null;
                /** @description Of ablations that it has not seen. */
                held_out_r2: number | null;
                /** @description Root mean squared error on these, in the unit of the logit-scaled probability. */
                held_out_error: number | null;
                intercept: number | null;
            };
        };
        Sources: {
            answer: string;
            units: components["schemas"]["SourceUnit"][];
            /** @description Sentences of the answer in order, then the spans asked for. */
            citations: components["schemas"]["Citation"][];
            /** @description `[u][c]`: the score of unit u for citation c. */
            scores: (number | null)[][];
            /** @description `return_token_scores`: `scores[i][t]` of input token i for answer token t. */
            token_scores?: {
                input_tokens: {
                    [key: string]: unknown;
                }[];
                answer_tokens: {
                    [key: string]: unknown;
                }[];
                scores: (number | null)[][];
            };
        };
        ContextResult: {
            job_id: string;
            /** @description What the request called its job. */
            metadata?: {
                [key: string]: string;
            };
            /** @enum {string} */
            kind: "attribute-context";
            /** @description `pecore` alone; as Inseq writes it. */
            context: components["schemas"]["ContextReliance"] | null;
            /** @description null: the request had no `documents`. */
            sources: components["schemas"]["Sources"] | null;
            info: {
                model: string;
                /**
                 * @description The checkpoint's `model_type`.
                 * @example gpt2
                 */
                model_type: string;
                /** @description SHA-256 of configuration and weights: tells one checkpoint from another. */
                model_hash: string;
                /** @description SHA-256 of the tokenizer's files. */
                tokenizer_hash: string;
                /** @example int8 */
                quantization: string;
                /** @description int8 models: which activations are outliers, and by row or by batch. */
                int8?: {
                    threshold: number;
                    outliers: string;
                };
                /** @example tensorflow */
                backend: string;
                /** @description How the model generated; null: the texts were forced. */
                generation_args: Record<string, never> | null;
                seed: number;
                /** @description Seconds that the engine computed. */
                seconds: number;
                /** @description Passes over the whole sequence batch. */
                forward_passes: number;
                backward_passes: number;
                /**
                 * @description Of Whence, Node.js, TensorFlow.js (`tfjs`, also called `backend`) and, on the native backend, `libtensorflow`.
                 * @example {
                 *       "whence": "0.1.0",
                 *       "node": "24.0.0",
                 *       "backend": "4.22.0",
                 *       "tfjs": "4.22.0",
                 *       "libtensorflow": "2.9.1"
                 *     }
                 */
                versions: {
                    [key: string]: string;
                };
            } & {
                /** @enum {unknown} */
                approach: "ablation" | "leave_one_out" | "pecore" | "tokens";
                /** @description The token method; null where the approach needs none. */
                method: string | null;
                /** @description Whether encoding the texts again would have given other tokens than those that were generated and attributed. */
                reencoded: boolean;
                /** @description Copies of the prompt that were run changed. */
                perturbed_copies: number;
                /** @description Token positions that those copies computed. */
                rows_computed: number;
                /** @description Token positions that they took from the unchanged prompt. */
                rows_shared: number;
                /** @description The request with every default filled in: sent again, it gives the same result. */
                request: {
                    [key: string]: unknown;
                };
            };
        };
        EvaluateResult: {
            job_id: string;
            /** @description What the request called its job. */
            metadata?: {
                [key: string]: string;
            };
            /** @enum {string} */
            kind: "evaluate";
            /** @description The best method first. */
            ranking: ({
                /** @description 1 is the best; null: it failed on every text. */
                rank: number | null;
                /** @description The mean over the metrics of its rank by the mean; ties share their ranks. Methods are ordered by it. */
                mean_rank: number | null;
                method: string;
                /** @description All effective arguments. */
                method_args: {
                    [key: string]: unknown;
                };
                /** @description In the order of the request. */
                metrics: {
                    name: string;
                    /** @description Which direction is better. */
                    better: "higher" | "lower";
                    /** @description null: there is no number for any text. */
                    mean: {
                        mean: number;
                        /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                        low: number | null;
                        high: number | null;
                    } | null;
                    /** @description The same by the random ranking of the same texts. */
                    random: {
                        mean: number;
                        /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                        low: number | null;
                        high: number | null;
                    } | null;
                    /** @description By how much the method beats the random ranking, text by text: above 0 is better in either direction. */
                    gain: {
                        mean: number;
                        /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                        low: number | null;
                        high: number | null;
                    } | null;
                }[];
                /** @description Texts that succeeded. */
                texts: number;
                /** @description Seconds of the method and its metrics on all texts. */
                seconds: number;
                /** @description Of the method and its metrics. */
                forward_passes: number;
                backward_passes: number;
            } & {
                /** @description `[metric][text]`; null where the text failed or there is no number. */
                values: (number | null)[][];
                /** @description The same by the random ranking. */
                random_values: (number | null)[][];
                /** @description Why the method failed on each text; null: it did not. */
                errors: (components["schemas"]["JobError"] | null)[];
            })[];
            info: {
                model: string;
                /**
                 * @description The checkpoint's `model_type`.
                 * @example gpt2
                 */
                model_type: string;
                /** @description SHA-256 of configuration and weights: tells one checkpoint from another. */
                model_hash: string;
                /** @description SHA-256 of the tokenizer's files. */
                tokenizer_hash: string;
                /** @example int8 */
                quantization: string;
                /** @description int8 models: which activations are outliers, and by row or by batch. */
                int8?: {
                    threshold: number;
                    outliers: string;
                };
                /** @example tensorflow */
                backend: string;
                /**
                 * @description What computed: `cpu`, or the name of the GPU.
                 * @example cpu
                 */
                device?: string;
                /** @description How the model generated; null: the texts were forced. */
                generation_args: Record<string, never> | null;
                seed: number;
                /** @description Seconds that the engine computed. */
                seconds: number;
                /** @description Passes over the whole sequence batch. */
                forward_passes: number;
                backward_passes: number;
                /**
                 * @description Of Whence, Node.js, TensorFlow.js (`tfjs`, also called `backend`) and, on the native backend, `libtensorflow`.
                 * @example {
                 *       "whence": "0.1.0",
                 *       "node": "24.0.0",
                 *       "backend": "4.22.0",
                 *       "tfjs": "4.22.0",
                 *       "libtensorflow": "2.9.1"
                 *     }
                 */
                versions: {
                    [key: string]: string;
                };
            } & {
                /**
                 * @description The step function whose mean is the score of a copy: `probability`, or with a contrastive attributed function that function.
                 * @example probability
                 */
                score: string;
                /**
                 * @description The token in place of each replaced one, as in baselines. Soft metrics mask embeddings instead.
                 * @example <|endoftext|>
                 */
                replacement: string | null;
            } & {
                /** @description The metrics with all their arguments. */
                metrics: {
                    name: string;
                    args: {
                        [key: string]: unknown;
                    };
                }[];
                input_texts: string[];
                /** @description The whole outputs, as a request takes them. */
                generated_texts: (string | null)[];
                /** @description The request with every default filled in. */
                request: {
                    [key: string]: unknown;
                };
            };
        };
        /**
         * @example {
         *       "model": "facts-gpt2",
         *       "methods": [
         *         "saliency",
         *         "input_x_gradient"
         *       ],
         *       "evaluations": []
         *     }
         */
        MeasuredMethods: {
            model: string;
            /** @description Methods that the model can run. */
            methods: string[];
            /** @description The last 10 evaluations of the model, the newest first, whoever asked for them; []: nothing was measured yet. Rankings on other texts, or of another `model_hash`, do not compare. */
            evaluations: {
                /**
                 * Format: date-time
                 * @description When it ended.
                 * @example 2026-03-01T12:00:00.000Z
                 */
                evaluated_at: string;
                /** @description SHA-256 of configuration and weights that were measured. */
                model_hash: string;
                quantization: string;
                backend: string;
                /** @description Texts that it measured. */
                texts: number;
                seed: number;
                score: string;
                metrics: {
                    name: string;
                    args: {
                        [key: string]: unknown;
                    };
                }[];
                /** @description The best method first. */
                ranking: {
                    /** @description 1 is the best; null: it failed on every text. */
                    rank: number | null;
                    /** @description The mean over the metrics of its rank by the mean; ties share their ranks. Methods are ordered by it. */
                    mean_rank: number | null;
                    method: string;
                    /** @description All effective arguments. */
                    method_args: {
                        [key: string]: unknown;
                    };
                    /** @description In the order of the request. */
                    metrics: {
                        name: string;
                        /** @description Which direction is better. */
                        better: "higher" | "lower";
                        /** @description null: there is no number for any text. */
                        mean: {
                            mean: number;
                            /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                            low: number | null;
                            high: number | null;
                        } | null;
                        /** @description The same by the random ranking of the same texts. */
                        random: {
                            mean: number;
                            /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                            low: number | null;
                            high: number | null;
                        } | null;
                        /** @description By how much the method beats the random ranking, text by text: above 0 is better in either direction. */
                        gain: {
                            mean: number;
                            /** @description Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text. */
                            low: number | null;
                            high: number | null;
                        } | null;
                    }[];
                    /** @description Texts that succeeded. */
                    texts: number;
                    /** @description Seconds of the method and its metrics on all texts. */
                    seconds: number;
                    /** @description Of the method and its metrics. */
                    forward_passes: number;
                    backward_passes: number;
                }[];
            }[];
        };
        BatchLineResult: {
            /** @description null: the line had none that could be read. */
            custom_id: string | null;
            /** @enum {unknown} */
            status: "succeeded" | "failed" | "canceled";
            /** @description true: the result was kept from an earlier request that asked for the same. */
            cached?: boolean;
            /** @description Where it succeeded: of `/attribute`, of `/attribute-context`. */
            result?: components["schemas"]["Result"] | components["schemas"]["ContextResult"];
            error?: components["schemas"]["JobError"];
        };
        BatchEvent: {
            /**
             * @description `done` is the last.
             * @enum {unknown}
             */
            event: "progress" | "done";
            data: components["schemas"]["Batch"];
        };
        InseqFile: {
            /** @description Module and class. */
            __instance_type__: string[];
            attributes: {
                /** @description The run, under the names of Inseq. */
                info: {
                    [key: string]: unknown;
                };
                sequence_attributions: {
                    /** @description Module and class. */
                    __instance_type__: string[];
                    attributes: {
                        /** @description The input; of decoder-only models the prompt. */
                        source: {
                            /** @description Module and class. */
                            __instance_type__: string[];
                            attributes: {
                                id: number;
                                token: string;
                            };
                        }[];
                        target: {
                            /** @description Module and class. */
                            __instance_type__: string[];
                            attributes: {
                                id: number;
                                token: string;
                            };
                        }[];
                        source_attributions: string | null;
                        target_attributions: string | null;
                        step_scores: {
                            [key: string]: string;
                        };
                        sequence_scores: {
                            [key: string]: string;
                        };
                        attr_pos_start: number;
                        attr_pos_end: number;
                        /** @description Axes that Inseq takes the mean of to show the scores. */
                        _num_dimensions?: number;
                    };
                }[];
                step_attributions: null;
            };
        };
        StepEvent: {
            /** @description Which of the texts. */
            sequence: number;
            /** @description Target position of the token. */
            position: number;
            token: components["schemas"]["ResultToken"];
            /** @description Its column of the result, source side. */
            source_attributions: unknown;
            /** @description Its column of the result, target side. */
            target_attributions: unknown;
            step_scores: {
                [key: string]: unknown;
            };
            /** @description With a text's first step: its tokens. */
            text?: {
                source: components["schemas"]["ResultToken"][];
                target: components["schemas"]["ResultToken"][];
                attr_pos_start: number;
            };
            /** @description Its most probable alternatives, where they were asked for. */
            top_alternatives?: {
                id: number;
                token: string;
                /** @description By the logits as they are, without sampling or penalties. */
                probability: number;
            }[];
        };
        JobEvent: {
            /** @description Give it back as `Last-Event-ID` to read on. */
            id: string;
            /** @enum {string} */
            event: "progress";
            data: components["schemas"]["Progress"];
        } | {
            /** @description Give it back as `Last-Event-ID` to read on. */
            id: string;
            /** @enum {string} */
            event: "step";
            data: components["schemas"]["StepEvent"];
        } | {
            /** @description Give it back as `Last-Event-ID` to read on. */
            id: string;
            /** @enum {string} */
            event: "done";
            data: components["schemas"]["Job"];
        };
        /**
         * @example {
         *       "id": "facts-gpt2",
         *       "model_type": "gpt2",
         *       "architecture": "decoder-only",
         *       "quantization": "int8",
         *       "parameters": 3000000,
         *       "layers": 4,
         *       "vocab_size": 2000,
         *       "max_positions": 64,
         *       "languages": null,
         *       "chat": false,
         *       "loaded": true,
         *       "pool": "default",
         *       "methods": [
         *         "saliency",
         *         "input_x_gradient"
         *       ],
         *       "step_functions": [
         *         "probability",
         *         "entropy"
         *       ]
         *     }
         */
        ModelInfo: {
            /** @example facts-gpt2 */
            id: string;
            /**
             * @description Hugging Face's `model_type`.
             * @example gpt2
             */
            model_type: string;
            /** @enum {unknown} */
            architecture: "decoder-only" | "encoder-decoder";
            /** @example int8 */
            quantization: string;
            /** @description Number of parameters; null: not known before it is loaded. */
            parameters: number | null;
            layers: number;
            vocab_size: number;
            /** @description Longest sequence in tokens; null: unlimited (relative positions). */
            max_positions: number | null;
            /** @description Language codes of a multilingual model. */
            languages: string[] | null;
            /** @description Whether it takes `messages`: its checkpoint has a chat template. */
            chat: boolean;
            /** @description Whether a worker holds its weights now. */
            loaded: boolean;
            /**
             * @description Workers of this pool serve it.
             * @example default
             */
            pool: string;
            /**
             * @description The same as long as a request gives the same result: it changes with the files of the checkpoint, quantization, backend, device, versions and plug-ins. Left out by workers of before.
             * @example 9d1f0c2ab74e6653
             */
            fingerprint?: string;
            /** @description Whether workers load it when they start. */
            preload?: boolean;
            /** @description What quotes are reckoned from. */
            memory?: {
                /** @description Of its weights when they are loaded, at most. */
                weight_bytes: number;
                /** @description For the models and activations of a worker. */
                budget_bytes: number;
                /** @description For the activations of passes, beside this model. */
                activation_bytes: number;
                hidden_size: number;
                heads: number;
                /** @description Whether attention maps are held as they are, and not computed in one op. */
                keeps_maps: boolean;
                /** @description Rows of a pass beyond which it is split. */
                many_rows: number;
                /** @description Whether tokens of a text may need passes of their own. */
                split_by_position: boolean;
            };
            /** @description Methods that this model can run. */
            methods: string[];
            /** @description Step functions that this model can run. */
            step_functions: string[];
        };
        /**
         * @example {
         *       "id": "my-model",
         *       "model_type": "mamba",
         *       "quantization": "int8",
         *       "loaded": false,
         *       "pool": "default",
         *       "methods": [],
         *       "step_functions": [],
         *       "unusable": {
         *         "detail": "my-model: model_type \"mamba\" is not supported; supported are bart, bloom, gpt2"
         *       }
         *     }
         */
        UnusableModel: {
            /** @example my-model */
            id: string;
            /** @description Hugging Face's `model_type`; null: it cannot be read. */
            model_type: string | null;
            /** @example int8 */
            quantization: string;
            /** @enum {boolean} */
            loaded: false;
            /** @example default */
            pool: string;
            /** @description None. */
            methods: string[];
            /** @description None. */
            step_functions: string[];
            unusable: {
                /** @description What is wrong with its checkpoint, and the remedy. */
                detail: string;
            };
        };
        /**
         * @example {
         *       "id": "saliency",
         *       "name": "Saliency",
         *       "description": "Size of the gradient of the attributed function in each input embedding.",
         *       "paper": {
         *         "title": "Deep Inside Convolutional Networks",
         *         "url": "https://arxiv.org/abs/1312.6034"
         *       },
         *       "applies_to": [
         *         "decoder-only",
         *         "encoder-decoder"
         *       ],
         *       "args_schema": {
         *         "type": "object",
         *         "properties": {
         *           "abs": {
         *             "type": "boolean",
         *             "default": true
         *           }
         *         },
         *         "additionalProperties": false
         *       },
         *       "needs_gradient": true,
         *       "passes": {
         *         "recorded": 1
         *       }
         *     }
         */
        MethodInfo: {
            id: string;
            /** @description For people. */
            name: string;
            description: string;
            paper: {
                title: string;
                url: string;
            } | null;
            applies_to: ("decoder-only" | "encoder-decoder")[];
            /** @description JSON Schema of its arguments, with defaults. */
            args_schema: {
                [key: string]: unknown;
            };
            /** @description Whether it differentiates the attributed function. */
            needs_gradient?: boolean;
            /** @description What it runs, as formulas: an operation and its operands, a quantity, an argument or a number. */
            passes?: {
                /** @description Copies of which the attributed function is evaluated. */
                evaluated?: unknown;
                /** @description Copies of which it is evaluated to be differentiated. */
                recorded?: unknown;
                /** @description Copies that gradients are pulled back to; left out: all that are recorded. */
                pulled?: unknown;
                /** @description Copies that the method runs by itself, whatever the attributed function. */
                apart?: unknown;
                /** @description Whether these are the most that it may come to. */
                most?: boolean;
            };
        };
        /**
         * @example {
         *       "id": "comprehensiveness",
         *       "name": "Comprehensiveness",
         *       "description": "The drop of the score when the most important units are replaced. Higher is better.",
         *       "paper": {
         *         "title": "ERASER: A Benchmark to Evaluate Rationalized NLP Models",
         *         "url": "https://arxiv.org/abs/1911.03429"
         *       },
         *       "applies_to": [
         *         "decoder-only",
         *         "encoder-decoder"
         *       ],
         *       "args_schema": {
         *         "type": "object",
         *         "properties": {
         *           "fraction": {
         *             "type": "number",
         *             "exclusiveMinimum": 0,
         *             "maximum": 1,
         *             "default": 0.2
         *           }
         *         },
         *         "additionalProperties": false
         *       },
         *       "better": "higher"
         *     }
         */
        MetricInfo: {
            id: string;
            /** @description For people. */
            name: string;
            description: string;
            paper: {
                title: string;
                url: string;
            } | null;
            applies_to: ("decoder-only" | "encoder-decoder")[];
            /** @description JSON Schema of its arguments, with defaults. */
            args_schema: {
                [key: string]: unknown;
            };
            /** @description Which direction is better. */
            better: "higher" | "lower";
        };
        /**
         * @example {
         *       "id": "probability",
         *       "name": "Probability",
         *       "description": "Probability of the generated token.",
         *       "paper": null,
         *       "applies_to": [
         *         "decoder-only",
         *         "encoder-decoder"
         *       ],
         *       "args_schema": {
         *         "type": "object",
         *         "properties": {
         *           "logprob": {
         *             "type": "boolean",
         *             "default": false
         *           }
         *         },
         *         "additionalProperties": false
         *       },
         *       "differentiable": true
         *     }
         */
        StepFunctionInfo: {
            id: string;
            /** @description For people. */
            name: string;
            description: string;
            paper: {
                title: string;
                url: string;
            } | null;
            applies_to: ("decoder-only" | "encoder-decoder")[];
            /** @description JSON Schema of its arguments, with defaults. */
            args_schema: {
                [key: string]: unknown;
            };
            /** @description Whether gradient methods can attribute it. */
            differentiable?: boolean;
            /** @description What it runs beside the pass that all share; left out: nothing. */
            passes?: {
                /** @description As the attributed function: runs of the model for each copy; left out: 1. */
                runs?: unknown;
                /** @description As the attributed function: what it runs once. */
                attributed?: unknown;
                /** @description As a step score: what it runs once. */
                scored?: unknown;
                /** @description Whether these are the most that it may come to. */
                most?: boolean;
            };
        };
        /**
         * @example {
         *       "id": "scores",
         *       "name": "Scores",
         *       "description": "Reduces the last axis to one number.",
         *       "paper": null,
         *       "applies_to": [
         *         "decoder-only",
         *         "encoder-decoder"
         *       ],
         *       "args_schema": {
         *         "type": "object",
         *         "properties": {
         *           "normalize": {
         *             "type": "boolean",
         *             "default": true
         *           }
         *         }
         *       }
         *     }
         */
        AggregatorInfo: {
            id: string;
            /** @description For people. */
            name: string;
            description: string;
            paper: {
                title: string;
                url: string;
            } | null;
            applies_to: ("decoder-only" | "encoder-decoder")[];
            /** @description JSON Schema of its arguments, with defaults. */
            args_schema: {
                [key: string]: unknown;
            };
        };
        /**
         * @example {
         *       "key_required": true,
         *       "signed_in": true,
         *       "expires_at": "2026-03-08T12:00:00.000Z",
         *       "key": "search",
         *       "scopes": [
         *         "submit",
         *         "read"
         *       ]
         *     }
         */
        Session: {
            /** @description Whether this service asks for API keys at all. */
            key_required: boolean;
            /** @description Whether the request's cookie lets it in; true where no key is required. */
            signed_in: boolean;
            expires_at: string | null;
            /** @description Name of the key that it was made with; null where there is none. */
            key: string | null;
            /** @description What it may do: `submit`, `read`, `admin` (all, of all keys). */
            scopes: string[];
        };
        /**
         * @example {
         *       "from": "2026-03-01",
         *       "to": "2026-03-31",
         *       "rows": [
         *         {
         *           "day": "2026-03-01",
         *           "key": "search",
         *           "model": "facts-gpt2",
         *           "jobs": 3,
         *           "tokens": 36,
         *           "compute_seconds": 0.4
         *         }
         *       ]
         *     }
         */
        UsageReport: {
            /**
             * @description The first day.
             * @example 2026-03-01
             */
            from: string;
            /**
             * @description The last day, included.
             * @example 2026-03-31
             */
            to: string;
            /** @description One for each day, key and model, the latest day first. */
            rows: {
                /**
                 * @description In UTC.
                 * @example 2026-03-01
                 */
                day: string;
                /**
                 * @description Name of the key; '' for what was made while none was asked for.
                 * @example search
                 */
                key: string;
                /** @example facts-gpt2 */
                model: string;
                /** @description Jobs that ended, lines of batches too, however they did. */
                jobs: number;
                /** @description Of their texts, given and generated. */
                tokens: number;
                /** @description Of the device; canceled jobs are not counted. */
                compute_seconds: number;
            }[];
        };
        /**
         * @example {
         *       "model": "facts-gpt2",
         *       "method": "integrated_gradients",
         *       "texts": 1,
         *       "tokens": 8,
         *       "passes": {
         *         "forward": 51,
         *         "backward": 50,
         *         "exact": true,
         *         "because": []
         *       },
         *       "memory": {
         *         "bytes": 25300000,
         *         "weight_bytes": 12000000,
         *         "activation_bytes": 13200000,
         *         "score_bytes": 100000,
         *         "budget_bytes": 8000000000
         *       },
         *       "seconds": {
         *         "compute": 0.21,
         *         "loading": 0,
         *         "wait": 1.4,
         *         "measured_by": "method",
         *         "samples": 64
         *       }
         *     }
         */
        Quote: {
            /** @example facts-gpt2 */
            model: string;
            /**
             * @description The method; with documents the approach.
             * @example integrated_gradients
             */
            method: string;
            texts: number;
            /** @description Of all texts, given and, at most, generated; null: the API has no tokenizer of this model. */
            tokens: number | null;
            /** @description null: a plug-in does not say what it runs, `metrics` are asked for, or the tokens are not known. */
            passes: {
                /** @description `info.forward_passes` of the result. */
                forward: number;
                /** @description `info.backward_passes` of the result. */
                backward: number;
                /** @description Whether it comes to just these. false: to at most as many; `because` says what cannot be known yet. */
                exact: boolean;
                /**
                 * @example [
                 *       "the model generates at most 20 tokens"
                 *     ]
                 */
                because: string[];
            } | null;
            /** @description null: as `passes`, or the worker is of an earlier version. */
            memory: {
                /** @description At the most, of tensors and scores: the sum of the next three. */
                bytes: number;
                /** @description The model's weights. */
                weight_bytes: number;
                /** @description What a pass holds, and keys and values. */
                activation_bytes: number;
                /** @description Scores, until they are aggregated. */
                score_bytes: number;
                /** @description The worker's budget (`WHENCE_MEMORY_BUDGET_MB`). */
                budget_bytes: number;
            } | null;
            /** @description On a machine as the workers are; where the model generates, for the longest text that it may be. */
            seconds: {
                /** @description Of the device, by what earlier jobs took; null: nothing like it was computed yet. */
                compute: number | null;
                /** @description Until the model is loaded; 0: a worker holds it. null: it was never loaded. */
                loading: number | null;
                /** @description In the queue, if the job came now; null: no worker is there, or it was never told how fast one is. */
                wait: number | null;
                /**
                 * @description What `compute` was learned from: jobs of this model and method; jobs of the model by other methods, a rough guess; or nothing.
                 * @enum {unknown}
                 */
                measured_by: "method" | "model" | "nothing";
                /** @description Turns of workers that it was learned from. */
                samples: number;
            };
        };
        Problem: {
            /**
             * @description Identifies the kind of problem: `urn:whence:problem:NAME`.
             * @example urn:whence:problem:validation
             */
            type: string;
            title: string;
            status: number;
            /** @description What happened and what to do. */
            detail: string;
            /** @description The id of the request, as in `X-Request-Id`. */
            instance?: string;
            errors?: {
                /**
                 * @description JSON pointer into the body, or `#/query/name`, `#/header/name`.
                 * @example #/input_texts
                 */
                pointer: string;
                /** @description What is wrong, with the value, and what to do. */
                detail: string;
            }[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listAggregators: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All aggregators. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        aggregators: components["schemas"]["AggregatorInfo"][];
                    };
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAggregator: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example scores */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The aggregator. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AggregatorInfo"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    attribute: {
        parameters: {
            query?: {
                /** @description Answer with a quote of the request, checked like any other: no job is made, and nothing is stored. */
                dry_run?: boolean;
            };
            header?: {
                /**
                 * @description `wait=N`: hold the answer until the job ends, at most N (up to 60) seconds.
                 * @example wait=30
                 */
                prefer?: string;
                /**
                 * @description `no-cache`: compute, whether or not the result of the same request is kept. `no-store`: and do not keep this one.
                 * @example no-cache
                 */
                "cache-control"?: string;
                /** @description The same key and body give the first job back; the same key with another body is refused. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AttributeRequest"];
            };
        };
        responses: {
            /** @description With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result alone as text/csv, text/plain or text/html; a job that failed is told as JSON. */
            200: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    /** @description The preference that was followed. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": (components["schemas"]["Job"] & {
                        /** @description Null when the job failed or was canceled. */
                        result: components["schemas"]["Result"] | null;
                    }) | components["schemas"]["Quote"];
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Accepted. */
            202: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large, holds too many values and keys, or is nested too deep. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON, or is compressed. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request cannot be computed; `errors` says why, field by field. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    attributeContext: {
        parameters: {
            query?: {
                /** @description Answer with a quote of the request, checked like any other: no job is made, and nothing is stored. */
                dry_run?: boolean;
            };
            header?: {
                /**
                 * @description `wait=N`: hold the answer until the job ends, at most N (up to 60) seconds.
                 * @example wait=30
                 */
                prefer?: string;
                /**
                 * @description `no-cache`: compute, whether or not the result of the same request is kept. `no-store`: and do not keep this one.
                 * @example no-cache
                 */
                "cache-control"?: string;
                /** @description The same key and body give the first job back; the same key with another body is refused. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AttributeContextRequest"];
            };
        };
        responses: {
            /** @description With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result alone as text/csv, text/plain or text/html; a job that failed is told as JSON. */
            200: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    /** @description The preference that was followed. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": (components["schemas"]["Job"] & {
                        /** @description Null when the job failed or was canceled. */
                        result: components["schemas"]["ContextResult"] | null;
                    }) | components["schemas"]["Quote"];
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Accepted. */
            202: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large, holds too many values and keys, or is nested too deep. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON, or is compressed. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request cannot be computed; `errors` says why, field by field. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listBatches: {
        parameters: {
            query?: {
                /** @description Most batches on the page. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchList"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createBatch: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `no-cache`: compute every line, whether or not the result of the same request is kept.
                 * @example no-cache
                 */
                "cache-control"?: string;
                /** @description The same key and lines give the first batch back; the same key with other lines is refused. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": unknown;
            };
        };
        responses: {
            /** @description Accepted. */
            202: {
                headers: {
                    /** @description Path of the batch. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description The body is no newline-delimited JSON, or a header value is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many lines or bytes, or a line that is too large for a request. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not `application/x-ndjson`, or is compressed. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A `custom_id` occurs twice, or `defaults` hold what no request has. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a batch.
                 * @example b7x2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The batch. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a batch.
                 * @example b7x2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a batch.
                 * @example b7x2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The batch; its status is `canceled`. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a batch.
                 * @example b7x2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of events; `data` is JSON. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["BatchEvent"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBatchResults: {
        parameters: {
            query?: {
                /** @description `ndjson`: one object a line; `csv`: the whole data set as one table, a row for each score, in the columns of the first line's kind (lines of another kind are errors in it); `inseq`: one file that `inseq.FeatureAttributionOutput.load` reads, of the lines of `/attribute` that succeeded. */
                format?: "ndjson" | "csv" | "inseq";
                /** @description Lines to leave out at the beginning: those that a client has already. */
                skip?: number;
                /** @description Wait for lines that have not ended; `false`: what is given ends before the first of them. */
                follow?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a batch.
                 * @example b7x2
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The results. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["BatchLineResult"];
                    "application/json": components["schemas"]["InseqFile"];
                    "text/csv": string;
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    evaluate: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `wait=N`: hold the answer until the job ends, at most N (up to 60) seconds.
                 * @example wait=30
                 */
                prefer?: string;
                /**
                 * @description `no-cache`: compute, whether or not the result of the same request is kept. `no-store`: and do not keep this one.
                 * @example no-cache
                 */
                "cache-control"?: string;
                /** @description The same key and body give the first job back; the same key with another body is refused. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EvaluateRequest"];
            };
        };
        responses: {
            /** @description With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result alone as text/csv, text/plain or text/html; a job that failed is told as JSON. */
            200: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    /** @description The preference that was followed. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"] & {
                        /** @description Null when the job failed or was canceled. */
                        result: components["schemas"]["EvaluateResult"] | null;
                    };
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Accepted. */
            202: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large, holds too many values and keys, or is nested too deep. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON, or is compressed. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request cannot be computed; `errors` says why, field by field. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listFaithfulnessMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All metrics. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        faithfulness_metrics: components["schemas"]["MetricInfo"][];
                    };
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getFaithfulnessMetric: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example comprehensiveness */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metric. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MetricInfo"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Yes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "live";
                    };
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Yes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        status: "ready" | "unavailable";
                        redis: {
                            up: boolean;
                            milliseconds: number | null;
                        };
                        /** @description Which arithmetic the worker uses, and why. */
                        backend: {
                            /** @enum {unknown} */
                            name: "tensorflow" | "webgpu" | "wasm";
                            /**
                             * @description What really computes: `cpu`, or the name of the GPU.
                             * @example cpu
                             */
                            device?: string;
                            /** @description Of TensorFlow.js. */
                            version: string;
                            /** @description Version of the native library, where there is one. */
                            libtensorflow?: string | null;
                            reason: string;
                        } | null;
                        workers: {
                            id: string;
                            pool: string;
                            backend: string;
                            /** @description What really computes: `cpu`, or the name of the GPU. */
                            device?: string;
                            loaded_models: string[];
                            busy: boolean;
                            last_seen: string;
                            /** @description Models that it loads before it is ready. */
                            preloading?: string[];
                        }[];
                        /** @description What is missing or endangers the jobs, and what to do. */
                        problems: string[];
                    };
                };
            };
            /** @description Not now; `problems` says why. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {unknown} */
                        status: "ready" | "unavailable";
                        redis: {
                            up: boolean;
                            milliseconds: number | null;
                        };
                        /** @description Which arithmetic the worker uses, and why. */
                        backend: {
                            /** @enum {unknown} */
                            name: "tensorflow" | "webgpu" | "wasm";
                            /**
                             * @description What really computes: `cpu`, or the name of the GPU.
                             * @example cpu
                             */
                            device?: string;
                            /** @description Of TensorFlow.js. */
                            version: string;
                            /** @description Version of the native library, where there is one. */
                            libtensorflow?: string | null;
                            reason: string;
                        } | null;
                        workers: {
                            id: string;
                            pool: string;
                            backend: string;
                            /** @description What really computes: `cpu`, or the name of the GPU. */
                            device?: string;
                            loaded_models: string[];
                            busy: boolean;
                            last_seen: string;
                            /** @description Models that it loads before it is ready. */
                            preloading?: string[];
                        }[];
                        /** @description What is missing or endangers the jobs, and what to do. */
                        problems: string[];
                    };
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                /** @description Jobs in this state only. */
                status?: "queued" | "running" | "succeeded" | "failed" | "canceled";
                /** @description Jobs of this model only. */
                model?: string;
                /** @description Most jobs on the page. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobList"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job; its status becomes `canceled`. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description Replays what came after this event; browsers send it when they reconnect. */
                "last-event-id"?: string;
            };
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of events; `data` is JSON. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["JobEvent"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHeatmap: {
        parameters: {
            query?: {
                /** @description `1`: a fragment that another page or a notebook can hold, whose style is its own. */
                embed?: "0" | "1";
            };
            header?: never;
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One self-contained HTML page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description A page that waits for the job. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no result yet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job failed or was canceled: there will be no result. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The result is too large for this format. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayJob: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description `wait=N`: hold the answer until the job ends, at most N (up to 60) seconds.
                 * @example wait=30
                 */
                prefer?: string;
                /** @description The same key and body give the first job back; the same key with another body is refused. */
                "idempotency-key"?: string;
            };
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result alone as text/csv, text/plain or text/html; a job that failed is told as JSON. */
            200: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    /** @description The preference that was followed. */
                    "Preference-Applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"] & {
                        /** @description Null when the job failed or was canceled. */
                        result: (components["schemas"]["Result"] | components["schemas"]["ContextResult"] | components["schemas"]["EvaluateResult"]) | null;
                    };
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Accepted. */
            202: {
                headers: {
                    /** @description Path of the job. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no result yet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job failed or was canceled: there will be no result. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The result is too large for this format. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request cannot be computed; `errors` says why, field by field. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getResult: {
        parameters: {
            query?: {
                /** @description `json`: the Result; `inseq`: what `inseq.FeatureAttributionOutput.load` reads; `csv`: one row for each score; `text`: tables for a terminal; `html`: the page of `/heatmap`. Left out: what `Accept` asks for, else `json`. */
                format?: "json" | "inseq" | "csv" | "text" | "html";
                /** @description `text`: characters of a line; wider tables continue in blocks below. */
                width?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a job.
                 * @example k3v9
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The result. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Result"] | components["schemas"]["ContextResult"] | components["schemas"]["EvaluateResult"] | components["schemas"]["InseqFile"];
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no result yet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job failed or was canceled: there will be no result. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The result is too large for this format. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMethods: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All methods. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        methods: components["schemas"]["MethodInfo"][];
                    };
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMethod: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example integrated_gradients */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The method. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MethodInfo"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus's text format. `whence_store_up` is 0 while Redis does not answer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All models. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        models: (components["schemas"]["ModelInfo"] | components["schemas"]["UnusableModel"])[];
                    };
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example facts-gpt2 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelInfo"] | components["schemas"]["UnusableModel"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMeasuredMethods: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example facts-gpt2 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was measured. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeasuredMethods"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getShared: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The last part of `links.share` of a job. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job, with links that need no key either. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description Accepts HTML: on to the heatmap. */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sharedFollowJob: {
        parameters: {
            query?: never;
            header?: {
                /** @description Replays what came after this event; browsers send it when they reconnect. */
                "last-event-id"?: string;
            };
            path: {
                /** @description The last part of `links.share` of a job. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of events; `data` is JSON. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["JobEvent"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sharedGetHeatmap: {
        parameters: {
            query?: {
                /** @description `1`: a fragment that another page or a notebook can hold, whose style is its own. */
                embed?: "0" | "1";
            };
            header?: never;
            path: {
                /** @description The last part of `links.share` of a job. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One self-contained HTML page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description A page that waits for the job. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no result yet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job failed or was canceled: there will be no result. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The result is too large for this format. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sharedGetResult: {
        parameters: {
            query?: {
                /** @description `json`: the Result; `inseq`: what `inseq.FeatureAttributionOutput.load` reads; `csv`: one row for each score; `text`: tables for a terminal; `html`: the page of `/heatmap`. Left out: what `Accept` asks for, else `json`. */
                format?: "json" | "inseq" | "csv" | "text" | "html";
                /** @description `text`: characters of a line; wider tables continue in blocks below. */
                width?: number;
            };
            header?: never;
            path: {
                /** @description The last part of `links.share` of a job. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The result. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Result"] | components["schemas"]["ContextResult"] | components["schemas"]["EvaluateResult"] | components["schemas"]["InseqFile"];
                    "text/csv": string;
                    "text/plain": string;
                    "text/html": string;
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `Accept` names types, and none that a result is given in. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job has no result yet. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The job failed or was canceled: there will be no result. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The result is too large for this format. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description So it is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description One of the API keys of the service. */
                    key: string;
                    /** @description Forms: the path of this service that the browser is sent to. */
                    next?: string;
                };
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description A form was sent: on to `next`. */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large, holds too many values and keys, or is nested too deep. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON, or is compressed. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request cannot be computed; `errors` says why, field by field. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listStepFunctions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All step functions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        step_functions: components["schemas"]["StepFunctionInfo"][];
                    };
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getStepFunction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example probability */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The step function. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepFunctionInfo"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unknown or expired. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /**
                 * @description The first day, YYYY-MM-DD in UTC, at most 90 days ago; left out: 30 days to `to`.
                 * @example 2026-03-01
                 */
                from?: string;
                /**
                 * @description The last day, included; left out: today.
                 * @example 2026-03-01
                 */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                };
            };
            /** @description Broken JSON, or a path, query or header value that is not understood. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service has API keys and the request shows none of them. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description More requests a minute than the operator allows. */
            429: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and `outcome-unknown` it is not known whether the request took effect: send it again. */
            503: {
                headers: {
                    /** @description Seconds after which to try again. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
