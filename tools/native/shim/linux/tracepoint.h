/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events are functions, which do what a program has them do, if anything */
#ifndef _SHIM_TRACEPOINT_H
#define _SHIM_TRACEPOINT_H

#define TP_PROTO(...)		__VA_ARGS__
#define TP_ARGS(...)		__VA_ARGS__
#define TP_STRUCT__entry(...)
#define TP_fast_assign(...)
#define TP_printk(...)
#define TRACE_DEFINE_ENUM(name)	extern const int shim_event
#define DECLARE_EVENT_CLASS(name, proto, ...)	extern const int shim_event
#define TRACE_EVENT(name, proto, args, ...)				\
	extern void shim_trace_##name(proto) __attribute__((weak));	\
	static inline void trace_##name(proto)				\
	{								\
		if (shim_trace_##name)					\
			shim_trace_##name(args);			\
	}								\
	extern const int shim_event
#define DEFINE_EVENT(template, name, proto, args)			\
	TRACE_EVENT(name, PARAMS(proto), PARAMS(args))
#define PARAMS(...)		__VA_ARGS__

#endif
