/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events are empty functions */
#ifndef _SHIM_TRACEPOINT_H
#define _SHIM_TRACEPOINT_H

#define TP_PROTO(...)		__VA_ARGS__
#define TP_ARGS(...)
#define TP_STRUCT__entry(...)
#define TP_fast_assign(...)
#define TP_printk(...)
#define TRACE_DEFINE_ENUM(name)	extern const int shim_event
#define DECLARE_EVENT_CLASS(name, proto, ...)	extern const int shim_event
#define TRACE_EVENT(name, proto, ...)					\
	static inline void trace_##name(proto) {}			\
	extern const int shim_event
#define DEFINE_EVENT(template, name, proto, args)			\
	TRACE_EVENT(name, PARAMS(proto))
#define PARAMS(...)		__VA_ARGS__

#endif
