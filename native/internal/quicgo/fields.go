package quicgo

import (
	"reflect"
	"unsafe"
)

// at returns the part of a struct at an offset.
func at[F, T any](s *T, offset uintptr) *F { return (*F)(unsafe.Add(unsafe.Pointer(s), offset)) }

// offset returns where a field of type F lies in a T.
func offset[T, F any](name string) uintptr {
	return offsetIn[F](reflect.TypeFor[T](), name)
}

// offsetIn does so for a struct whose type is internal to quic-go.
func offsetIn[F any](t reflect.Type, name string) uintptr {
	return offsetOfTypeIn(t, reflect.TypeFor[F](), name)
}

// The functions without type parameters do the work, so that it is compiled once.
func offsetOfTypeIn(t, like reflect.Type, name string) uintptr {
	field, ok := t.FieldByName(name)
	return known(field, ok && field.Type == like, name)
}

// pointedTo returns the type that a field of a T points to.
func pointedTo[T any](name string) reflect.Type {
	return pointedToIn(reflect.TypeFor[T](), name)
}

func pointedToIn(t reflect.Type, name string) reflect.Type {
	field, ok := t.FieldByName(name)
	known(field, ok && field.Type.Kind() == reflect.Pointer, name)
	return field.Type.Elem()
}

// offsetOfKind does so for a field whose type is internal to quic-go.
func offsetOfKind[T any](kind reflect.Kind, name string) uintptr {
	return offsetOfKindIn(reflect.TypeFor[T](), kind, name)
}

func offsetOfKindIn(t reflect.Type, kind reflect.Kind, name string) uintptr {
	field, ok := t.FieldByName(name)
	return known(field, ok && field.Type.Kind() == kind, name)
}

// offsetOfMap does so for a map with keys like K, whose type may be internal, and values of an
// internal interface.
func offsetOfMap[T, K any](name string) uintptr {
	return offsetOfMapIn(reflect.TypeFor[T](), reflect.TypeFor[K](), name)
}

func offsetOfMapIn(t, like reflect.Type, name string) uintptr {
	field, ok := t.FieldByName(name)
	ok = ok && field.Type.Kind() == reflect.Map
	if ok {
		key, value := field.Type.Key(), field.Type.Elem()
		ok = key.Kind() == like.Kind() && key.Size() == like.Size() &&
			value.Kind() == reflect.Interface && value.NumMethod() > 0
	}
	return known(field, ok, name)
}

func known(field reflect.StructField, ok bool, name string) uintptr {
	if !ok {
		panic("a dependency has changed: it has no field " + name + " as it was")
	}
	return field.Offset
}
